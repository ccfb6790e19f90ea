package lease_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/redistest"
)

// TestExclusion has many callers of several clients hold one lock in turn. Only one is
// inside at a time, and the tokens increase.
func TestExclusion(t *testing.T) {
	t.Parallel()
	for _, passOn := range []bool{true, false} {
		t.Run(map[bool]string{true: "passed on", false: "released"}[passOn], func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
				redistest.Goroutines(t)
				req := request(r.Key("l"), 10*time.Second)
				req.PassOn = passOn
				var inside, last, turns atomic.Int64
				var all sync.WaitGroup
				ctx := redistest.Within(t, time.Minute)
				for range 3 {
					k := keeper(t, r.NewClient(t))
					for range 8 {
						all.Go(func() {
							for range 10 {
								l, err := k.Acquire(ctx, req)
								if err != nil {
									t.Errorf("Acquire: %v", err)
									return
								}
								if n := inside.Add(1); n != 1 {
									t.Errorf("%d are inside", n)
								}
								if before := last.Swap(l.Token()); before >= l.Token() {
									t.Errorf("token %d after %d", l.Token(), before)
								}
								turns.Add(1)
								inside.Add(-1)
								released(t, l.Release(ctx))
							}
						})
					}
				}
				all.Wait()
				if turns.Load() != 240 {
					t.Errorf("%d turns", turns.Load())
				}
			})
		})
	}
}

// TestExpiryWakes has a waiter wait for a lease that nobody releases.
func TestExpiryWakes(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		req := request(r.Key("l"), 1200*time.Millisecond)
		req.Renew = false
		held := acquire(t, keeper(t, r.Client), req)
		begun := time.Now()
		next, err := keeper(t, r.NewClient(t)).Acquire(redistest.Within(t, 20*time.Second), req)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it took %v", took) // without the timer it is 5 s
		}
		if next.Token() <= held.Token() || held.Context().Err() == nil {
			t.Error("the first lease has not ended")
		}
		released(t, next.Release(t.Context()))
	})
}

// TestCancel cancels waiters. They leave soon, and the lock stays usable.
func TestCancel(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		redistest.Goroutines(t)
		req := request(r.Key("l"), 10*time.Second)
		req.PassOn = true
		k, other := keeper(t, r.Client), keeper(t, r.NewClient(t))
		for range 20 {
			held := acquire(t, k, req)
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for _, waits := range []*lease.Keeper{k, other, k, other} {
				all.Go(func() {
					l, err := waits.Acquire(ctx, req)
					if l != nil {
						_ = l.Release(context.Background())
					} else if !errors.Is(err, context.Canceled) {
						t.Errorf("Acquire: %v", err)
					}
				})
			}
			go cancel()
			released(t, held.Release(t.Context()))
			all.Wait()
			l, err := other.Acquire(redistest.Within(t, 20*time.Second), req)
			if err != nil {
				t.Fatal(err)
			}
			released(t, l.Release(t.Context()))
		}
	})
}

// TestCutWait cuts the replies to takes of waiters.
func TestCutWait(t *testing.T) {
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }))
	other := keeper(t, s.Client(t))
	req := request("l", 10*time.Second)
	ctx := redistest.Within(t, time.Minute)
	for i := range 5 {
		held := acquire(t, other, req)
		got := make(chan *lease.Lease, 1)
		waits := p.Count("blpop")
		go func() {
			l, err := k.Acquire(ctx, req)
			if err != nil {
				t.Errorf("Acquire: %v", err)
			}
			got <- l
		}()
		redistest.Eventually(t, 20*time.Second, func() bool { return p.Count("blpop") > waits }, "it waits")
		switch i % 3 {
		case 0:
			p.CutReply(1, redistest.Command("evalsha", "eval"))
		case 1:
			p.CutReply(1, redistest.Command("blpop"))
		default:
			p.CutAll()
		}
		released(t, held.Release(ctx))
		l := <-got
		if l == nil {
			return
		}
		busy(t, other, req)
		released(t, l.Release(ctx))
	}
}
