package collections_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// numbers returns the pairs (i, i) for n numbers.
func numbers(n int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := range n {
			if !yield(i, i) {
				return
			}
		}
	}
}

// bigMap returns a map of the numbers up to n.
func bigMap(t *testing.T, rdb redis.UniversalClient, name string, n int) *collections.Map[int, int] {
	t.Helper()
	m := collections.NewMap[int, int](rdb, name)
	if stored, err := m.Insert(ctx, numbers(n)); stored != n || err != nil {
		t.Fatalf("Insert = %d, %v", stored, err)
	}
	return m
}

// walkAll iterates, calls a function in the middle, and fails the test unless all
// numbers up to n were yielded.
func walkAll(t *testing.T, n int, seq iter.Seq2[int, error], middle func()) {
	t.Helper()
	seen := map[int]bool{}
	for v, err := range seq {
		if err != nil {
			t.Fatalf("after %d of %d: %v", len(seen), n, err)
		}
		seen[v] = true
		if len(seen) == n/3 && middle != nil {
			middle()
			middle = nil
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d elements were not seen", n-len(seen), n)
	}
	if middle != nil {
		t.Error("the walk ended before its middle")
	}
}

// TestWalkOverRestart kills and restarts the server during an iteration. The hash table
// then has another seed, so the old cursor would skip elements.
func TestWalkOverRestart(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.AOF("no"))
	restart := func() {
		s.Kill()
		s.Restart()
	}
	t.Run("Map", func(t *testing.T) {
		m := bigMap(t, s.Client(t), "map", 200_000)
		walkAll(t, 200_000, m.Keys(ctx), restart)
		walkAll(t, 200_000, m.Values(t.Context()), nil)
	})
	t.Run("Set", func(t *testing.T) {
		set := collections.NewSet[int](s.Client(t), "set")
		for chunk := range slices.Chunk(slices.Collect(ints(50_000)), 1000) {
			if _, err := set.Add(ctx, chunk...); err != nil {
				t.Fatal(err)
			}
		}
		walkAll(t, 50_000, set.All(ctx), restart)
	})
	t.Run("SortedSet", func(t *testing.T) { // its pages do not depend on the process
		z := collections.NewSortedSet[int](s.Client(t), "sorted")
		for chunk := range slices.Chunk(slices.Collect(ints(50_000)), 1000) {
			var ms []collections.Scored[int]
			for _, i := range chunk {
				ms = append(ms, collections.Scored[int]{Value: i, Score: float64(i / 3000)})
			}
			if _, err := z.AddMany(ctx, ms...); err != nil {
				t.Fatal(err)
			}
		}
		steps := 0
		walkAll(t, 50_000, func(yield func(int, error) bool) {
			for m, err := range z.All(ctx) {
				if steps++; !yield(m.Value, err) {
					return
				}
			}
		}, restart)
		if steps != 50_000 {
			t.Errorf("%d steps for 50000 members", steps)
		}
	})
	t.Run("script", func(t *testing.T) { // a script fetches the pages
		rdb := s.Client(t)
		auto, err := rdb.AutoPipeline()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = auto.Close() }()
		m := bigMap(t, auto, "scripted", 50_000)
		walkAll(t, 50_000, m.Keys(ctx), restart)
	})
}

func ints(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range numbers(n) {
			if !yield(i) {
				return
			}
		}
	}
}

// TestWalkWhileServerIsAway restarts the server while the iteration requests pages.
func TestWalkWhileServerIsAway(t *testing.T) {
	t.Parallel()
	const n = 20_000
	s := redistest.StartServer(t, redistest.AOF("no"))
	m := bigMap(t, s.Client(t), "map", n)
	back := make(chan struct{})
	walkAll(t, n, m.Keys(ctx), func() {
		s.Kill()
		go func() { defer close(back); s.Restart() }()
	})
	<-back
}

// TestWalkWithoutServer checks that an iteration without a server ends with an error.
func TestWalkWithoutServer(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	m := bigMap(t, s.Client(t), "map", 5000)
	seen, last := 0, error(nil)
	for _, err := range m.Keys(ctx) {
		last = err
		if seen++; seen == 100 {
			s.Kill()
		}
	}
	if !errors.Is(last, desir.ErrUnavailable) || errors.Is(last, desir.ErrMaybeRan) {
		t.Errorf("after %d elements: error %v, want ErrUnavailable", seen, last)
	}
}

// TestWalkOverCuts cuts connections during pages.
func TestWalkOverCuts(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	m := bigMap(t, s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }), "map", 20_000)
	walkAll(t, 20_000, m.Keys(ctx), nil)
	pages := p.Count("hscan")
	walkAll(t, 20_000, m.Keys(ctx), func() {
		p.CutReply(1, redistest.Command("hscan"))
		p.HalfReply(1, redistest.Command("hscan"))
		p.CutRequest(1, redistest.Command("hscan"))
	})
	if more := p.Count("hscan") - pages; more != pages+2 {
		t.Errorf("%d pages of %d; this test proves nothing", more, pages)
	}
	walkAll(t, 20_000, m.Keys(ctx), p.CutAll) // separately, because this cut may hit a page that is already cut
}

// TestWalkEndsWithItsContext cancels the context between two pages.
func TestWalkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		if r.Name == "embedded" {
			t.Skip("it gives all elements in one page")
		}
		m := bigMap(t, r.Client, r.Key("m"), 2000)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		seen, last := 0, error(nil)
		for _, err := range m.All(ctx) {
			if last != nil {
				t.Error("an element after the fatal error")
			}
			if last = err; err == nil {
				seen++
			}
			cancel()
		}
		if fmt.Sprint(errors.Unwrap(last)) != "context canceled" || seen == 0 || seen >= 2000 {
			t.Errorf("after %d elements: error %v, want context.Canceled alone", seen, last)
		}
	})
}
