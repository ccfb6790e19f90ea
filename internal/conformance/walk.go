package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// long is the number of elements of a long walk.
const long = 20_000

// mapWalks iterates over a map of many pages.
func mapWalks(t *testing.T, r *redistest.Redis) {
	redistest.Goroutines(t)
	rdb := r.NewClient(t)
	m := collections.NewMap[int, int](rdb, name(t, r, "m"))
	n, err := m.Insert(t.Context(), numbers(long))
	equal(t, "Insert", answer(n, err), answer(long, nil))
	walks(t, rdb, m.Keys(t.Context()))
	walks(t, rdb, m.Values(context.Background()))
	walks(t, rdb, keysOf(m.All(t.Context())))
	ends(t, "Map.All", m.All)
	ends(t, "Map.Keys", m.Keys)
	ends(t, "Map.Values", m.Values)
}

// ends ends an iteration by its context. Elements that were read already are not yielded
// any more.
func ends[T any](t *testing.T, called string, walk func(context.Context) iter.Seq2[T, error]) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	var last error
	for _, err := range walk(ctx) {
		if last = err; err == nil {
			seen++
		}
		cancel()
	}
	if seen != 1 || !errors.Is(last, context.Canceled) || !errors.As(last, new(*desir.OpError)) {
		t.Errorf("%s: %d elements and %v after the first; want the end of its context", called, seen, last)
	}
}

// numbers yields n pairs of a number and itself.
func numbers(n int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := range n {
			if !yield(i, i) {
				return
			}
		}
	}
}

// keysOf yields the keys of entries whose keys and values are equal.
func keysOf(seq iter.Seq2[desir.Entry[int, int], error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for e, err := range seq {
			if err == nil && e.Key != e.Value {
				err = fmt.Errorf("the value of %d is %d", e.Key, e.Value)
			}
			if !yield(e.Key, err) {
				return
			}
		}
	}
}

func setWalks(t *testing.T, r *redistest.Redis) {
	redistest.Goroutines(t)
	rdb := r.NewClient(t)
	s := collections.NewSet[int](rdb, name(t, r, "s"))
	for chunk := range slices.Chunk(slices.Collect(first2(numbers(long))), 1000) {
		_, err := s.Add(t.Context(), chunk...)
		must(t, err)
	}
	walks(t, rdb, s.All(t.Context()))
	ends(t, "Set.All", s.All)
}

func first2[A, B any](seq iter.Seq2[A, B]) iter.Seq[A] {
	return func(yield func(A) bool) {
		for a := range seq {
			if !yield(a) {
				return
			}
		}
	}
}

func listWalks(t *testing.T, r *redistest.Redis) {
	redistest.Goroutines(t)
	rdb := r.NewClient(t)
	l := collections.NewList[int](rdb, name(t, r, "l"))
	for chunk := range slices.Chunk(slices.Collect(first2(numbers(long))), 1000) {
		_, err := l.PushBack(t.Context(), chunk...)
		must(t, err)
	}
	walks(t, rdb, l.All(t.Context()))
	walks(t, rdb, l.Backward(t.Context()))
	ends(t, "List.All", l.All)
	ends(t, "List.Backward", l.Backward)
	forward, err := drain(l.All(t.Context()))
	must(t, err)
	backward, err := drain(l.Backward(t.Context()))
	must(t, err)
	slices.Reverse(backward)
	if !slices.IsSorted(forward) || len(forward) != long || !slices.Equal(forward, backward) {
		t.Errorf("%d elements forward and %d backward are not in order", len(forward), len(backward))
	}
}

// walks iterates over a sequence of the numbers up to long: completely, twice, and up to
// random points, after which it must hold no resources. No other goroutine uses the
// client.
func walks(t *testing.T, rdb client, seq iter.Seq2[int, error]) {
	t.Helper()
	rng := redistest.Seed(t)
	for range 2 {
		seen := map[int]bool{}
		for v, err := range seq {
			must(t, err)
			seen[v] = true
		}
		complete(t, seen)
	}
	for range 10 {
		steps := rng.IntN(long / 4)
		if rng.IntN(3) == 0 {
			steps = rng.IntN(70) // within the first page or a little more
		}
		for _, err := range seq {
			must(t, err)
			if steps--; steps < 0 {
				break
			}
		}
		if _, ok := rdb.(*redis.AutoPipeliner); ok {
			continue // an AutoPipeliner always uses connections
		}
		if s := rdb.PoolStats(); s.TotalConns > s.IdleConns {
			t.Errorf("a walk was left and %d connections of %d are in use", s.TotalConns-s.IdleConns, s.TotalConns)
		}
	}
}

// complete fails the test unless all numbers up to long were seen.
func complete(t *testing.T, seen map[int]bool) {
	t.Helper()
	missing := 0
	for i := range long {
		if !seen[i] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d elements were not seen", missing, long)
	}
}

// walkBesideWriter iterates while another client makes the hash grow to a multiple of its
// size and shrink again, so that its table is resized.
func walkBesideWriter(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[string, int](r.Client, at)
	writer := collections.NewMap[string, int](r.NewClient(t), at)
	stay := map[string]int{}
	for i := range 2000 {
		stay[strconv.Itoa(i)] = i
	}
	must(t, m.SetMany(ctx, stay))
	write := func() error {
		grown := map[string]int{}
		for i := range 4000 {
			grown["extra "+strconv.Itoa(i)] = i
		}
		if err := writer.SetMany(ctx, grown); err != nil {
			return err
		}
		for chunk := range slices.Chunk(slices.Collect(maps.Keys(grown)), 1000) {
			if _, err := writer.Delete(ctx, chunk...); err != nil {
				return err
			}
		}
		return nil
	}
	besideWriter(t, write, func(int) {
		seen := map[string]bool{}
		for e, err := range m.All(ctx) {
			if err != nil {
				t.Error(err)
				break
			}
			seen[e.Key] = true
		}
		for k := range stay {
			if !seen[k] {
				t.Errorf("%q was there all the time and was not seen", k)
				break
			}
		}
	})
}

// besideWriter calls write repeatedly and, concurrently, walk with an increasing number.
// It calls walk at least ten times, and until write has returned five times.
func besideWriter(t *testing.T, write func() error, walk func(i int)) {
	stop := make(chan struct{})
	var rounds atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		for {
			if err := write(); err != nil {
				t.Error(err)
				return
			}
			rounds.Add(1)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i := 0; i < 10 || rounds.Load() < 5 && !t.Failed(); i++ {
		walk(i)
	}
	close(stop)
	group.Wait()
}
