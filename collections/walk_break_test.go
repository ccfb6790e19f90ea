package collections_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// TestWalkBreaks breaks out of iterations at every element. Each range must start at the
// first element, and no goroutine and no connection may be left.
func TestWalkBreaks(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const size = 300 // three pages
		breaks := 1000
		if r.Name == "redis-server" {
			breaks = 10_000
		}
		if raceEnabled || testing.Short() {
			breaks /= 5
		}
		rdb := r.NewClient(t)
		m := bigMap(t, rdb, r.Key("m"), size)
		walks := []iter.Seq2[int, error]{m.Keys(ctx), m.Values(ctx), keysOf(m.All(ctx)), m.Keys(t.Context())}
		_, auto := rdb.(*redis.AutoPipeliner) // this client keeps its connections in use
		before := rdb.PoolStats().TotalConns
		t.Run("breaks", func(t *testing.T) { // this subtest ends before the client is closed
			redistest.Goroutines(t)
			begin := make([]int, len(walks))
			for i := range breaks {
				walk, at := i%len(walks), i/len(walks)%size
				steps := 0
				for v, err := range walks[walk] {
					if err != nil {
						t.Fatal(err)
					}
					if steps == 0 && i < len(walks) {
						begin[walk] = v
					}
					if steps == 0 && v != begin[walk] {
						t.Fatalf("walk %d began with %d, before with %d", walk, v, begin[walk])
					}
					if steps == at {
						break
					}
					steps++
				}
				if st := rdb.PoolStats(); !auto && st.TotalConns > st.IdleConns {
					t.Fatalf("a walk was left at element %d and %d connections of %d are in use", at, st.TotalConns-st.IdleConns, st.TotalConns)
				}
			}
		})
		if after := rdb.PoolStats().TotalConns; after > before {
			t.Errorf("%d connections after %d breaks, before them %d", after, breaks, before)
		}
		walkAll(t, size, walks[0], nil)
	})
}

// keysOf returns the sequence of the keys of entries.
func keysOf[K comparable, V any](seq iter.Seq2[desir.Entry[K, V], error]) iter.Seq2[K, error] {
	return func(yield func(K, error) bool) {
		for e, err := range seq {
			if !yield(e.Key, err) {
				return
			}
		}
	}
}

// TestWalkOverFailover promotes a replica during an iteration and kills the master. The
// replica's hash table has another seed.
func TestWalkOverFailover(t *testing.T) {
	t.Parallel()
	const n = 20_000
	s := redistest.StartSentinel(t)
	m := bigMap(t, s.Client(t), "map", n)
	old := s.Master()
	soon, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := redistest.AwaitReplicas(soon, old.Client(t), 2); err != nil {
		t.Fatal(err)
	}
	walkAll(t, n, m.Keys(ctx), func() {
		s.Failover()
		old.Kill()
	})
	walkAll(t, n, keysOf(m.All(t.Context())), nil)
}
