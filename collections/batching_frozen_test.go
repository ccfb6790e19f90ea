package collections_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestFrozenNode freezes one node of a cluster. Calls to the other nodes must stay as
// fast as before and must not wait for the timeout of calls to the frozen node. The
// 99th percentile may double, or be as slow as a busy machine makes any call.
func TestFrozenNode(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	floor := 10 * time.Millisecond
	if raceEnabled {
		floor *= 5
	}
	c := redistest.StartCluster(t, 0, redistest.Config("cluster-node-timeout", "15000"))
	rdb := c.Client(t, func(o *redis.ClusterOptions) { o.ReadTimeout = 20 * time.Second })
	maps := map[*redistest.Server][]*collections.Map[int, int]{}
	for i := range 30 {
		m := collections.NewMap[int, int](rdb, fmt.Sprint("m", i))
		if err := m.Set(ctx, 1, 1); err != nil {
			t.Fatal(err)
		}
		node := c.MasterFor(m.Key())
		maps[node] = append(maps[node], m)
	}
	frozen := c.Nodes[0]
	var before, during, slowest time.Duration
	for range 4 { // one slow attempt may be due to a busy machine
		before, _ = callNodes(t, maps, frozen)
		frozen.Freeze()
		during, slowest = callNodes(t, maps, frozen)
		frozen.Thaw()
		t.Logf("p99 of a Set and a Get: %v before, %v with a frozen node; the slowest took %v", before, during, slowest)
		if slowest > 5*time.Second {
			t.Fatalf("the slowest call to the other nodes took %v", slowest)
		}
		if during <= max(2*before, floor) {
			return
		}
	}
	t.Errorf("p99 of the calls to the other nodes is %v, before it was %v", during, before)
}

// callNodes makes 30 goroutines call every node, waits for the calls to the nodes that
// are not frozen, and returns the durations of these calls.
func callNodes(t *testing.T, maps map[*redistest.Server][]*collections.Map[int, int], frozen *redistest.Server) (p99, slowest time.Duration) {
	t.Helper()
	all, stop := context.WithTimeout(ctx, 10*time.Second) // longer than any call may take
	defer stop()
	var mu sync.Mutex
	var took []time.Duration
	var asking, crowd sync.WaitGroup
	for node, some := range maps {
		for i := range 30 {
			m := some[i%len(some)]
			if node == frozen {
				crowd.Go(func() {
					for all.Err() == nil {
						own, cancel := all, context.CancelFunc(func() {})
						if i%2 == 0 { // the other calls wait for their replies
							own, cancel = context.WithTimeout(all, 20*time.Millisecond)
						}
						_, _, _ = m.Get(own, 1)
						_ = m.Set(own, 1, 1)
						cancel()
					}
				})
				continue
			}
			asking.Go(func() {
				for n := range 30 {
					start := time.Now()
					err := m.Set(all, 1, n)
					if _, _, err2 := m.Get(all, 1); err != nil || err2 != nil {
						t.Errorf("%v, %v", err, err2)
					}
					mu.Lock()
					took = append(took, time.Since(start))
					mu.Unlock()
				}
			})
		}
	}
	asking.Wait()
	stop()
	crowd.Wait()
	slices.Sort(took)
	return took[len(took)*99/100], took[len(took)-1]
}
