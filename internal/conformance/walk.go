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

// walkLength is the number of elements of a long walk.
const walkLength = 20_000

// mapWalks iterates over a map of many pages.
func mapWalks(t *testing.T, r *redistest.Redis) {
	redistest.Goroutines(t)
	rdb := r.NewClient(t)
	m := collections.NewMap[int, int](rdb, name(t, r, "m"))
	n, err := m.Insert(t.Context(), numbers(walkLength))
	equal(t, "Insert", results(n, err), results(walkLength, nil))
	checkWalks(t, rdb, m.Keys(t.Context()))
	checkWalks(t, rdb, m.Values(context.Background()))
	checkWalks(t, rdb, keysOf(m.All(t.Context())))
	checkCanceled(t, "Map.All", m.All)
	checkCanceled(t, "Map.Keys", m.Keys)
	checkCanceled(t, "Map.Values", m.Values)
}

// checkCanceled ends an iteration by its context. Elements that were read already are not
// yielded any more.
func checkCanceled[T any](t *testing.T, called string, walk func(context.Context) iter.Seq2[T, error]) {
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
	for chunk := range slices.Chunk(slices.Collect(firsts(numbers(walkLength))), 1000) {
		_, err := s.Add(t.Context(), chunk...)
		must(t, err)
	}
	checkWalks(t, rdb, s.All(t.Context()))
	checkCanceled(t, "Set.All", s.All)
}

func firsts[A, B any](seq iter.Seq2[A, B]) iter.Seq[A] {
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
	for chunk := range slices.Chunk(slices.Collect(firsts(numbers(walkLength))), 1000) {
		_, err := l.PushBack(t.Context(), chunk...)
		must(t, err)
	}
	checkWalks(t, rdb, l.All(t.Context()))
	checkWalks(t, rdb, l.Backward(t.Context()))
	checkCanceled(t, "List.All", l.All)
	checkCanceled(t, "List.Backward", l.Backward)
	forward, err := drain(l.All(t.Context()))
	must(t, err)
	backward, err := drain(l.Backward(t.Context()))
	must(t, err)
	slices.Reverse(backward)
	if !slices.IsSorted(forward) || len(forward) != walkLength || !slices.Equal(forward, backward) {
		t.Errorf("%d elements forward and %d backward are not in order", len(forward), len(backward))
	}
}

// checkWalks iterates over a sequence of the numbers up to walkLength: completely, twice,
// and up to random points, after which it must hold no resources. No other goroutine uses
// the client.
func checkWalks(t *testing.T, rdb client, seq iter.Seq2[int, error]) {
	t.Helper()
	rng := redistest.Seed(t)
	for range 2 {
		seen := map[int]bool{}
		for v, err := range seq {
			must(t, err)
			seen[v] = true
		}
		checkComplete(t, seen)
	}
	for range 10 {
		steps := rng.IntN(walkLength / 4)
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
			t.Errorf("after an abandoned iteration %d connections of %d are in use", s.TotalConns-s.IdleConns, s.TotalConns)
		}
	}
}

// checkComplete fails the test unless all numbers up to walkLength were seen.
func checkComplete(t *testing.T, seen map[int]bool) {
	t.Helper()
	missing := 0
	for i := range walkLength {
		if !seen[i] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d elements were not yielded", missing, walkLength)
	}
}

// walkDuringWrites iterates while another client makes the hash grow to a multiple of its
// size and shrink again, so that its table is resized.
func walkDuringWrites(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[string, int](r.Client, at)
	writer := collections.NewMap[string, int](r.NewClient(t), at)
	kept := map[string]int{}
	for i := range 2000 {
		kept[strconv.Itoa(i)] = i
	}
	must(t, m.SetMany(ctx, kept))
	write := func() error {
		extra := map[string]int{}
		for i := range 4000 {
			extra["extra "+strconv.Itoa(i)] = i
		}
		if err := writer.SetMany(ctx, extra); err != nil {
			return err
		}
		for chunk := range slices.Chunk(slices.Collect(maps.Keys(extra)), 1000) {
			if _, err := writer.Delete(ctx, chunk...); err != nil {
				return err
			}
		}
		return nil
	}
	duringWrites(t, write, func(int) {
		seen := map[string]bool{}
		for e, err := range m.All(ctx) {
			if err != nil {
				t.Error(err)
				break
			}
			seen[e.Key] = true
		}
		for k := range kept {
			if !seen[k] {
				t.Errorf("%q was in the map all the time and was not yielded", k)
				break
			}
		}
	})
}

// duringWrites calls write repeatedly and, concurrently, walk with an increasing number.
// It calls walk at least ten times, and until write has returned five times.
func duringWrites(t *testing.T, write func() error, walk func(i int)) {
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
