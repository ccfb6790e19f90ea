package channel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// deployment is a set of servers whose master can be killed.
type deployment struct {
	client   func() redis.UniversalClient
	master   func() *redistest.Server // nil while there is none
	replicas int                      // of the master
}

// TestFailoverUnderLoad kills a master while senders and receivers of each type are active.
// Values that were replicated before are neither lost nor received twice. The same holds for
// values that the next master has acknowledged. Calls go on by themselves.
func TestFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	const name = "c"
	for where, start := range map[string]func(*testing.T) deployment{
		"sentinel": func(t *testing.T) deployment {
			s := redistest.StartSentinel(t)
			return deployment{func() redis.UniversalClient { return s.Client(t) }, s.Master, 2}
		},
		"cluster": func(t *testing.T) deployment {
			c := redistest.StartCluster(t, 1)
			return deployment{func() redis.UniversalClient { return c.Client(t) }, func() *redistest.Server { return c.MasterFor(name) }, 1}
		},
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			d := start(t)
			var flows []*traffic
			for _, k := range carriers {
				flows = append(flows, startTraffic(t, d, k, "{"+name+"}"+k.name))
			}
			for _, f := range flows {
				f.waitForMore(t, 100, time.Minute)
			}
			d.failover(t, flows)
			for _, f := range flows {
				f.end(t)
			}
		})
	}
}

// failover kills the master when everything up to one moment is replicated, and returns when
// the flows go on at another master.
func (d deployment) failover(t *testing.T, flows []*traffic) {
	t.Helper()
	before := make([]snapshot, len(flows))
	for i, f := range flows {
		before[i] = f.history.snapshot()
	}
	old := d.master()
	d.replicated(t, old)
	died := time.Now()
	old.Kill()
	redistest.Eventually(t, 60*time.Second, func() bool {
		m := d.master()
		return m != nil && m != old && m.Client(t).Set(ctx, "{c}probe", 1, time.Minute).Err() == nil
	}, "another master")
	there := time.Now()
	for i, f := range flows {
		f.history.excuse(before[i])
	}
	for _, f := range flows {
		f.waitForMore(t, 1, 15*time.Second)
		t.Logf("%s: another master after %v, values %v later", f.carrierType.name, there.Sub(died), time.Since(there))
	}
	for _, f := range flows {
		f.waitForMore(t, 100, time.Minute)
	}
}

// replicated waits until the replicas have all data that their master has now.
func (d deployment) replicated(t *testing.T, master *redistest.Server) {
	t.Helper()
	redistest.Eventually(t, 30*time.Second, func() bool {
		conn := master.Client(t).Conn()
		defer conn.Close()
		if err := conn.Set(ctx, "{c}probe", 1, time.Minute).Err(); err != nil {
			return false
		}
		n, err := conn.Wait(ctx, d.replicas, 2*time.Second).Result()
		return err == nil && int(n) >= d.replicas
	}, "replicas with all that the master has")
}

// traffic is a set of senders and receivers of one name.
type traffic struct {
	carrierType         carrierType
	history             *history
	out                 carrier
	rdbs                []redis.UniversalClient // of the receivers
	sending, receiving  sync.WaitGroup
	stopReceiving, stop context.CancelFunc
}

func startTraffic(t *testing.T, d deployment, k carrierType, name string) *traffic {
	t.Helper()
	f := &traffic{carrierType: k, history: newHistory(), out: k.open(d.client(), name), rdbs: []redis.UniversalClient{d.client(), d.client()}}
	all, stop := context.WithCancel(ctx)
	load, enough := context.WithCancel(ctx)
	f.stop, f.stopReceiving = stop, enough
	t.Cleanup(func() { enough(); stop(); f.sending.Wait(); f.receiving.Wait() })
	for i, rdb := range f.rdbs {
		for j := range 2 {
			in := k.open(rdb, name)
			f.receiving.Go(func() {
				for {
					m, err := in.Recv(all)
					if err != nil {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("%s: Recv: %v", k.name, err)
						}
						return
					}
					f.history.received(fmt.Sprint(i, j), m)
				}
			})
		}
	}
	for s := range 2 {
		f.sending.Go(func() {
			for n := 1; load.Err() == nil; n++ {
				f.history.sendOne(t, f.out, item{s, n})
				sleep(2 * time.Millisecond)
			}
		})
	}
	return f
}

// waitForMore waits until n more values have been received.
func (f *traffic) waitForMore(t *testing.T, more int, limit time.Duration) {
	t.Helper()
	n := f.history.arrived() + more
	redistest.Eventually(t, limit, func() bool { return f.history.arrived() >= n }, f.carrierType.name+" goes on")
}

// end waits until the sent values have arrived, and checks the history.
func (f *traffic) end(t *testing.T) {
	t.Helper()
	f.stopReceiving()
	f.sending.Wait()
	lost := func() (n int) {
		for _, rdb := range f.rdbs {
			n += lostCount(t, rdb)
		}
		return n
	}
	redistest.Eventually(t, 30*time.Second, func() bool { return f.history.missing() <= lost() }, "every value received but for those counted")
	f.history.sendOne(t, f.out, item{5, 1})
	redistest.Eventually(t, 30*time.Second, func() bool { return f.history.gotOne(item{5, 1}) }, "a last value received")
	f.stop()
	f.receiving.Wait()
	f.history.check(t, lost(), false)
	t.Logf("%s: %d values, %d counted as perhaps lost", f.carrierType.name, f.history.arrived(), lost())
}
