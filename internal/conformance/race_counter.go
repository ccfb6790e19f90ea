package conformance

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// numbersRace: 8 goroutines of each of two clients take numbers. All numbers are
// different, and none is missing.
func numbersRace(t *testing.T, r *redistest.Redis) {
	const goroutines, each = 16, 50
	for _, start := range []int64{0, 1 << 60} {
		at := name(t, r, fmt.Sprint("c", start))
		counters := []*counter.Counter{
			counter.New(r.Client, at, counter.Start(start)),
			counter.New(r.NewClient(t), at, counter.Start(start)),
		}
		got := concurrentNumbers(t, goroutines, each, func(i int) (int64, error) { return counters[i%2].Next(t.Context()) })
		for i, v := range got {
			if v != start+int64(i)+1 {
				t.Fatalf("from %d: number %d is %d", start, i+1, v)
			}
		}
	}
	at := name(t, r, "ids")
	rdb := r.NewClient(t)
	sources := []*counter.IDs{
		counter.NewIDs(r.Client, at, 7), counter.NewIDs(rdb, at, 7), counter.NewIDs(rdb, at, 1),
	}
	got := concurrentNumbers(t, goroutines, each, func(i int) (int64, error) { return sources[i%3].Next(t.Context()) })
	if unique := slices.Compact(slices.Clone(got)); len(unique) != len(got) {
		t.Errorf("%d of %d ids are unique", len(unique), len(got))
	}
	if most := int64(len(got) + 2*6); got[len(got)-1] > most { // a block of each client may be unfinished
		t.Errorf("the last of %d ids is %d, want at most %d", len(got), got[len(got)-1], most)
	}
}

// concurrentNumbers calls f in n goroutines, the given number of times in each, and
// returns the sorted results.
func concurrentNumbers(t *testing.T, n, times int, f func(i int) (int64, error)) []int64 {
	t.Helper()
	var mu sync.Mutex
	var all []int64
	concurrently(n, func(i int) {
		last := int64(-1 << 63)
		for range times {
			v, err := f(i)
			if err != nil || v <= last {
				t.Errorf("%d after %d, %v", v, last, err)
				return
			}
			last = v
			mu.Lock()
			all = append(all, v)
			mu.Unlock()
		}
	})
	slices.Sort(all)
	return all
}

// onceRace repeats additions with a few tokens in many goroutines. Each token is added
// once, and all calls with one token return the same number.
func onceRace(t *testing.T, r *redistest.Redis) {
	const goroutines, tokens = 32, 5
	for _, start := range []int64{0, 100} {
		at := name(t, r, fmt.Sprint("once", start))
		counters := []*counter.Counter{
			counter.New(r.Client, at, counter.Start(start)), counter.New(r.NewClient(t), at, counter.Start(start)),
		}
		var mu sync.Mutex
		applied, returned := 0, map[string]map[int64]bool{}
		concurrently(goroutines, func(i int) {
			for n := range tokens {
				token := fmt.Sprint("order ", n)
				v, first, err := counters[i%2].AddOnce(t.Context(), token, 10)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if first {
					applied++
				}
				if returned[token] == nil {
					returned[token] = map[int64]bool{}
				}
				returned[token][v] = true
				mu.Unlock()
			}
		})
		equal(t, "applied", applied, tokens)
		for token, values := range returned {
			if len(values) != 1 {
				t.Errorf("%s returned %v", token, values)
			}
		}
		v, err := counters[0].Value(t.Context())
		equal(t, "the sum", results(v, err), results(start+10*tokens, nil))
	}
}
