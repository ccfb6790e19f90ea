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

// world is a set of servers whose master can be killed.
type world struct {
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
	for where, start := range map[string]func(*testing.T) world{
		"sentinel": func(t *testing.T) world {
			s := redistest.StartSentinel(t)
			return world{func() redis.UniversalClient { return s.Client(t) }, s.Master, 2}
		},
		"cluster": func(t *testing.T) world {
			c := redistest.StartCluster(t, 1)
			return world{func() redis.UniversalClient { return c.Client(t) }, func() *redistest.Server { return c.MasterFor(name) }, 1}
		},
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			w := start(t)
			var flows []*flow
			for _, k := range carriers {
				flows = append(flows, startFlow(t, w, k, "{"+name+"}"+k.name))
			}
			for _, f := range flows {
				f.goesOn(t, 100, time.Minute)
			}
			w.failover(t, flows)
			for _, f := range flows {
				f.end(t)
			}
		})
	}
}

// failover kills the master when everything up to one moment is replicated, and returns when the
// flows go on at another master.
func (w world) failover(t *testing.T, flows []*flow) {
	t.Helper()
	before := make([]moment, len(flows))
	for i, f := range flows {
		before[i] = f.h.now()
	}
	old := w.master()
	w.replicated(t, old)
	died := time.Now()
	old.Kill()
	redistest.Eventually(t, 60*time.Second, func() bool {
		m := w.master()
		return m != nil && m != old && m.Client(t).Set(ctx, "{c}probe", 1, time.Minute).Err() == nil
	}, "another master")
	there := time.Now()
	for i, f := range flows {
		f.h.pardon(before[i])
	}
	for _, f := range flows {
		f.goesOn(t, 1, 15*time.Second)
		t.Logf("%s: another master after %v, values %v later", f.kind.name, there.Sub(died), time.Since(there))
	}
	for _, f := range flows {
		f.goesOn(t, 100, time.Minute)
	}
}

// replicated waits until the replicas have all data that their master has now.
func (w world) replicated(t *testing.T, master *redistest.Server) {
	t.Helper()
	redistest.Eventually(t, 30*time.Second, func() bool {
		conn := master.Client(t).Conn()
		defer conn.Close()
		if err := conn.Set(ctx, "{c}probe", 1, time.Minute).Err(); err != nil {
			return false
		}
		n, err := conn.Wait(ctx, w.replicas, 2*time.Second).Result()
		return err == nil && int(n) >= w.replicas
	}, "replicas with all that the master has")
}

// flow is a set of senders and receivers of one name.
type flow struct {
	kind               carrying
	h                  *history
	out                carrier
	rdbs               []redis.UniversalClient // of the receivers
	sending, receiving sync.WaitGroup
	enough, stop       context.CancelFunc
}

func startFlow(t *testing.T, w world, k carrying, name string) *flow {
	t.Helper()
	f := &flow{kind: k, h: newHistory(), out: k.open(w.client(), name), rdbs: []redis.UniversalClient{w.client(), w.client()}}
	all, stop := context.WithCancel(ctx)
	load, enough := context.WithCancel(ctx)
	f.stop, f.enough = stop, enough
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
					f.h.received(fmt.Sprint(i, j), m)
				}
			})
		}
	}
	for s := range 2 {
		f.sending.Go(func() {
			for n := 1; load.Err() == nil; n++ {
				f.h.sendOne(t, f.out, mark{s, n})
				pause(2 * time.Millisecond)
			}
		})
	}
	return f
}

// goesOn waits until n more values have been received.
func (f *flow) goesOn(t *testing.T, more int, limit time.Duration) {
	t.Helper()
	n := f.h.arrived() + more
	redistest.Eventually(t, limit, func() bool { return f.h.arrived() >= n }, f.kind.name+" goes on")
}

// end waits until the sent values have arrived, and checks the history.
func (f *flow) end(t *testing.T) {
	t.Helper()
	f.enough()
	f.sending.Wait()
	lost := func() (n int) {
		for _, rdb := range f.rdbs {
			n += perhapsLost(t, rdb)
		}
		return n
	}
	redistest.Eventually(t, 30*time.Second, func() bool { return f.h.missing() <= lost() }, "every value received but for those counted")
	f.h.sendOne(t, f.out, mark{5, 1})
	redistest.Eventually(t, 30*time.Second, func() bool { return f.h.gotOne(mark{5, 1}) }, "a last value received")
	f.stop()
	f.receiving.Wait()
	f.h.judge(t, lost(), false)
	t.Logf("%s: %d values, %d counted as perhaps lost", f.kind.name, f.h.arrived(), lost())
}
