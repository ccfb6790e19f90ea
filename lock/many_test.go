package lock_test

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// TestManyLeases holds 10 000 locks of one process. It checks what their renewal costs the
// server and what they cost the process.
func TestManyLeases(t *testing.T) {
	redistest.Slow(t)
	const (
		locks    = 10_000
		ttl      = 15 * time.Second
		observed = 20 * time.Second
		mostHeap = 20 << 20
		mostSent = 10 // pipelines and single commands, per second and node
	)
	for name, start := range map[string]func(*testing.T) (redis.UniversalClient, []*redistest.Server){
		"server": func(t *testing.T) (redis.UniversalClient, []*redistest.Server) {
			s := redistest.StartServer(t)
			return s.Client(t), []*redistest.Server{s}
		},
		"cluster": func(t *testing.T) (redis.UniversalClient, []*redistest.Server) {
			c := redistest.StartCluster(t, 0)
			return c.Client(t), c.Nodes
		},
	} {
		t.Run(name, func(t *testing.T) {
			rdb, nodes := start(t)
			trips := redistest.CountTrips(rdb)
			before := heap()
			held := make([]*lock.Lease, locks)
			var all sync.WaitGroup
			for g := range 64 {
				all.Go(func() {
					for i := g; i < locks; i += 64 {
						l, err := lock.NewMutex(rdb, "lock"+strconv.Itoa(i), lock.TTL(ttl)).Lock(t.Context())
						if err != nil {
							t.Error(err)
							return
						}
						held[i] = l
					}
				})
			}
			all.Wait()
			if t.Failed() {
				return
			}
			grown := heap() - before
			began, scripts := trips.Count(), scriptCalls(t, nodes)
			time.Sleep(observed)
			perNode := float64(trips.Count()-began) / observed.Seconds() / float64(len(nodes))
			perSecond := float64(scriptCalls(t, nodes)-scripts) / observed.Seconds()
			t.Logf("%d locks: %.1f MiB, %.1f scripts a second, %.1f pipelines a second and node", locks, float64(grown)/(1<<20), perSecond, perNode)
			if grown > mostHeap {
				t.Errorf("%d B of heap; want at most %d", grown, mostHeap)
			}
			if perNode > mostSent {
				t.Errorf("%.1f pipelines a second and node; want at most %d", perNode, mostSent)
			}
			for i, l := range held {
				if err := l.Context().Err(); err != nil {
					t.Fatalf("lock %d was lost: %v", i, err)
				}
			}
			for g := range 64 {
				all.Go(func() {
					for i := g; i < locks; i += 64 {
						if err := held[i].Unlock(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// scriptCalls returns how many scripts the servers have run.
func scriptCalls(t *testing.T, nodes []*redistest.Server) (n int64) {
	t.Helper()
	for _, s := range nodes {
		n += s.Scripts(t)
	}
	return n
}
