package collections_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestMillionEntries stores a million entries and iterates over them. The process must
// need little memory, and the server must keep serving other clients. The test is not
// parallel, because it measures the memory of the whole process.
func TestMillionEntries(t *testing.T) {
	redistest.Slow(t)
	if testing.Short() || raceEnabled {
		t.Skip("too long")
	}
	const n = 1_000_000
	const most = 64 << 20 // bytes
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	m := collections.NewMap[int, int](s.Client(t), "map")
	other := s.Client(t)
	if err := other.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}

	runtime.GC()
	start := inUse()
	var peak uint64
	var late []time.Duration // delays of a ticker at the same time, because the machine may be busy
	took := gets(t, other, func() {
		stop := make(chan struct{})
		var sampler sync.WaitGroup
		sampler.Go(func() {
			const pace = 2 * time.Millisecond
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for last := time.Now(); ; {
				peak = max(peak, inUse())
				select {
				case <-tick.C:
					now := time.Now()
					late = append(late, max(0, now.Sub(last)-pace))
					last = now
				case <-stop:
					return
				}
			}
		})
		defer sampler.Wait()
		defer close(stop)
		begun := time.Now()
		if stored, err := m.Insert(ctx, numbers(n)); stored != n || err != nil {
			t.Errorf("Insert = %d, %v", stored, err)
		}
		inserted := time.Now()
		missing, seen := n, make([]bool, n)
		for e, err := range m.All(ctx) {
			if err != nil || e.Key != e.Value {
				t.Errorf("All: %v, %v", e, err)
				break
			}
			if !seen[e.Key] {
				seen[e.Key] = true
				missing--
			}
		}
		if missing > 0 {
			t.Errorf("%d of %d entries were not seen", missing, n)
		}
		t.Logf("Insert took %v, All %v", inserted.Sub(begun).Round(time.Millisecond), time.Since(inserted).Round(time.Millisecond))
	})
	t.Logf("memory: %d KiB at first, %d KiB more at most", start>>10, (peak-start)>>10)
	ticks := spreadOf(late)
	t.Logf("another client's GETs: %v; how late a clock was: %v", took, ticks)
	if peak > start+most {
		t.Errorf("%d MiB more than at first were in use, want at most %d", (peak-start)>>20, most>>20)
	}
	if limit := max(10*time.Millisecond, 4*ticks.p99); took.p99 > limit {
		t.Errorf("another client's GETs took %v, want p99 within %v", took, limit)
	}
}

// inUse returns the bytes of heap objects and stacks.
func inUse() uint64 {
	all := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(all)
	return all[0].Value.Uint64() + all[1].Value.Uint64()
}

// spread is a distribution of durations of calls.
type spread struct {
	n             int
	p50, p99, max time.Duration
}

func (s spread) String() string {
	return fmt.Sprintf("%d, p50 %v, p99 %v, max %v", s.n, s.p50, s.p99, s.max)
}

// gets reads a key repeatedly until work ends.
func gets(t *testing.T, rdb *redis.Client, work func()) spread {
	t.Helper()
	done := make(chan struct{})
	took := make([]time.Duration, 0, 1<<17)
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			begun := time.Now()
			if err := rdb.Get(ctx, "k").Err(); err != nil {
				t.Error(err)
				return
			}
			took = append(took, time.Since(begun))
			select {
			case <-done:
				return
			default:
			}
		}
	})
	work()
	close(done)
	asking.Wait()
	return spreadOf(took)
}

func spreadOf(took []time.Duration) spread {
	if len(took) == 0 {
		return spread{}
	}
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[(len(took)-1)*percent/100] }
	return spread{len(took), at(50), at(99), at(100)}
}
