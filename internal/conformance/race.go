package conformance

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// concurrently runs f in n goroutines that start together.
func concurrently(n int, f func(i int)) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	group.Wait()
}

// twoMaps returns two objects with one name, as in two processes.
func twoMaps[V any](t *testing.T, r *redistest.Redis) []*collections.Map[string, V] {
	at := name(t, r, "m")
	return []*collections.Map[string, V]{
		collections.NewMap[string, V](r.Client, at),
		collections.NewMap[string, V](r.NewClient(t), at),
	}
}

// mapRaces: 64 goroutines use one map through two objects. Each uses separate keys and
// one shared key.
func mapRaces(t *testing.T, r *redistest.Redis) {
	const goroutines, rounds = 64, 10
	maps := twoMaps[int](t, r)
	concurrently(goroutines, func(i int) {
		m, ctx, own := maps[i%2], t.Context(), fmt.Sprint("own ", i)
		check := func(what string, got, want any) {
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("goroutine %d: %s = %v, want %v", i, what, got, want)
			}
		}
		for round := range rounds {
			check("Set", m.Set(ctx, own, round), nil)
			v, ok, err := m.Get(ctx, own)
			check("Get", results(v, ok, err), results(round, true, nil))
			v, ok, err = m.Swap(ctx, own, -round)
			check("Swap", results(v, ok, err), results(round, true, nil))
			swapped, err := m.CompareAndSwap(ctx, own, -round, round)
			check("CompareAndSwap", results(swapped, err), results(true, nil))
			_, err = collections.Add(ctx, m, "shared", 1)
			check("Add", err, nil)
			v, ok, err = m.LoadAndDelete(ctx, own)
			check("LoadAndDelete", results(v, ok, err), results(round, true, nil))
			_, _, err = m.LoadOrStore(ctx, fmt.Sprint("common ", round), i)
			check("LoadOrStore", err, nil)
		}
	})
	all, err := maps[0].Snapshot(t.Context())
	must(t, err)
	if len(all) != 1+rounds || all["shared"] != goroutines*rounds {
		t.Errorf("in the end the map is %v", all)
	}
}

// updateRaces adds with Update: no addition is lost, and each is applied once.
func updateRaces(t *testing.T, r *redistest.Redis) {
	const goroutines, rounds = 12, 12
	maps := twoMaps[int](t, r)
	at := name(t, r, "v")
	values := []*collections.Value[int]{
		collections.NewValue[int](r.Client, at), collections.NewValue[int](r.NewClient(t), at),
	}
	one := func(old int, _ bool) (int, bool, error) { return old + 1, true, nil }
	concurrently(goroutines, func(i int) {
		for range rounds {
			if _, err := maps[i%2].Update(t.Context(), "k", one); err != nil {
				t.Error(err)
			}
			if _, err := values[i%2].Update(t.Context(), one); err != nil {
				t.Error(err)
			}
		}
	})
	n, _, err := maps[0].Get(t.Context(), "k")
	equal(t, "the sum in a map", results(n, err), results(goroutines*rounds, nil))
	n, _, err = values[0].Get(t.Context())
	equal(t, "the sum in a value", results(n, err), results(goroutines*rounds, nil))
}

// onlyOneWins: many goroutines make a call that only one of them can win.
func onlyOneWins(t *testing.T, r *redistest.Redis) {
	const goroutines = 64
	maps := twoMaps[int](t, r)
	at := name(t, r, "w")
	values := []*collections.Value[int]{
		collections.NewValue[int](r.Client, at), collections.NewValue[int](r.NewClient(t), at),
	}
	must(t, maps[0].Set(t.Context(), "swap", -1))
	must(t, maps[0].Set(t.Context(), "delete", -1))
	for what, try := range map[string]func(i int) (bool, error){
		"Map.SetIfAbsent":      func(i int) (bool, error) { return maps[i%2].SetIfAbsent(t.Context(), "new", i) },
		"Map.CompareAndSwap":   func(i int) (bool, error) { return maps[i%2].CompareAndSwap(t.Context(), "swap", -1, i) },
		"Map.CompareAndDelete": func(i int) (bool, error) { return maps[i%2].CompareAndDelete(t.Context(), "delete", -1) },
		"Value.SetIfAbsent":    func(i int) (bool, error) { return values[i%2].SetIfAbsent(t.Context(), i) },
	} {
		var won atomic.Int64
		concurrently(goroutines, func(i int) {
			if ok, err := try(i); err != nil {
				t.Errorf("%s: %v", what, err)
			} else if ok {
				won.Add(1)
			}
		})
		equal(t, "winners of "+what, won.Load(), int64(1))
	}
	var mu sync.Mutex
	seen, stored := map[int]int{}, 0
	concurrently(goroutines, func(i int) {
		actual, loaded, err := maps[i%2].LoadOrStore(t.Context(), "load", i)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || !loaded && actual != i {
			t.Errorf("LoadOrStore(%d) = %d, %t, %v", i, actual, loaded, err)
		}
		if !loaded {
			stored++
		}
		seen[actual]++
	})
	if stored != 1 || len(seen) != 1 {
		t.Errorf("LoadOrStore: %d stored, seen were %v", stored, seen)
	}
}

// popRaces: goroutines remove all elements of a list, a set and a sorted set. Each
// element is returned once.
func popRaces(t *testing.T, r *redistest.Redis) {
	const elements, goroutines = 400, 16
	ctx := t.Context()
	var all []int
	for i := range elements {
		all = append(all, i)
	}
	at := name(t, r, "t")
	rdbs := []client{r.Client, r.NewClient(t)}
	_, err := collections.NewList[int](rdbs[0], at+"l").PushBack(ctx, all...)
	must(t, err)
	_, err = collections.NewSet[int](rdbs[0], at+"s").Add(ctx, all...)
	must(t, err)
	var scored []collections.Scored[int]
	for _, i := range all {
		scored = append(scored, collections.Scored[int]{Value: i, Score: float64(i)})
	}
	_, err = collections.NewSortedSet[int](rdbs[0], at+"z").AddMany(ctx, scored...)
	must(t, err)
	for what, pop := range map[string]func(i int) (int, bool, error){
		"List.PopFront": func(i int) (int, bool, error) { return collections.NewList[int](rdbs[i%2], at+"l").PopFront(ctx) },
		"SortedSet.PopMax": func(i int) (int, bool, error) {
			m, ok, err := collections.NewSortedSet[int](rdbs[i%2], at+"z").PopMax(ctx)
			return m.Value, ok, err
		},
		"Set.Pop": func(i int) (int, bool, error) { return collections.NewSet[int](rdbs[i%2], at+"s").Pop(ctx) },
	} {
		var mu sync.Mutex
		var got []int
		concurrently(goroutines, func(i int) {
			for {
				v, ok, err := pop(i)
				if err != nil || !ok {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
					return
				}
				mu.Lock()
				got = append(got, v)
				mu.Unlock()
			}
		})
		slices.Sort(got)
		equal(t, "what "+what+" took", got, all)
	}
}
