package lease_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/redistest"
)

// fairRequest returns a request for all permits of a semaphore.
func fairRequest(name string) lease.Request {
	r := request(name, 20*time.Second)
	r.Keys, r.Weight, r.Capacity = lease.KeysOf(name, "sem", true), 2, 2
	return r
}

// onCluster runs a test for the lock called l of a cluster, which is fair or not.
func onCluster(t *testing.T, test func(*testing.T, *redistest.Cluster, lease.Request)) {
	t.Parallel()
	for name, req := range map[string]lease.Request{"mutex": request("l", 20*time.Second), "semaphore": fairRequest("l")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			test(t, redistest.StartCluster(t, 0), req)
		})
	}
}

// TestWakesOne has many processes wait for a lock of a cluster. A release wakes one of them.
func TestWakesOne(t *testing.T) {
	onCluster(t, func(t *testing.T, c *redistest.Cluster, req lease.Request) {
		ctx := redistest.Within(t, time.Minute)
		const processes, each = 8, 20
		released(t, acquire(t, keeper(t, c.Client(t)), req).Release(ctx)) // the server knows the scripts
		before := c.MasterFor("l").Scripts(t)
		var all sync.WaitGroup
		for range processes {
			k := keeper(t, c.Client(t))
			all.Go(func() {
				for range each {
					l, err := k.Acquire(ctx, req)
					if err != nil {
						t.Error(err)
						return
					}
					released(t, l.Release(ctx))
				}
			})
		}
		all.Wait()
		// Each turn has a first attempt, an attempt after the wake-up, and a release.
		if calls := float64(c.MasterFor("l").Scripts(t)-before) / (processes * each); calls > 4.5 {
			t.Errorf("%.1f scripts for each turn; want 3 or a few more", calls)
		}
	})
}

// TestWakesNext has a process that is gone be the first to wake. That costs the others a look,
// and those of a fair lock the time until it no longer counts as waiting.
func TestWakesNext(t *testing.T) {
	onCluster(t, func(t *testing.T, c *redistest.Cluster, req lease.Request) {
		raw := c.MasterFor("l").Client(t)
		held := acquire(t, keeper(t, c.Client(t)), req)
		ctx := redistest.Within(t, time.Minute)
		got := make(chan *lease.Lease, 2)
		wait := func() {
			k := keeper(t, c.Client(t))
			go func() {
				l, err := k.Acquire(ctx, req)
				if err != nil {
					t.Error(err)
				}
				got <- l
			}()
		}
		count := func() int64 { return raw.ZCard(ctx, req.Keys.Waiting).Val() }
		wait()
		redistest.Eventually(t, 20*time.Second, func() bool { return count() == 1 }, "a process waits")
		early := time.Now().Add(-time.Second).UnixMilli() // before the others
		if err := raw.ZAdd(ctx, req.Keys.Waiting, redis.Z{Score: float64(early), Member: "gone"}).Err(); err != nil {
			t.Fatal(err)
		}
		if req.Keys.Since != "" {
			if err := raw.HSet(ctx, req.Keys.Since, "gone", "1 0").Err(); err != nil {
				t.Fatal(err)
			}
		}
		wait()
		redistest.Eventually(t, 20*time.Second, func() bool { return count() == 3 }, "all processes wait")
		released(t, held.Release(ctx))
		for range 2 {
			select {
			case l := <-got:
				if l == nil {
					t.FailNow()
				}
				released(t, l.Release(ctx))
				if err := raw.ZScore(ctx, req.Keys.Waiting, "gone").Err(); req.Keys.Since == "" && !errors.Is(err, redis.Nil) {
					t.Errorf("the process that is gone is woken again: %v", err)
				}
			case <-time.After(25 * time.Second):
				t.Fatal("no process looks")
			}
		}
	})
}
