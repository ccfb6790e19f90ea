package conformance

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// sortedWalkDuringChanges changes the set at the end of each page. Members that do not
// change are yielded once and in order, even if the last member of the page is removed,
// gets another score or gets new neighbours on both sides.
func sortedWalkDuringChanges(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, tied := range []bool{false, true} {
		for _, reverse := range []bool{false, true} {
			z := collections.NewSortedSet[string](r.Client, name(t, r, fmt.Sprint(tied, reverse)))
			score := func(i int) float64 {
				if tied {
					return 5
				}
				return float64(i)
			}
			member := func(i int) string { return fmt.Sprintf("%05d", i) }
			const n = 600
			for i := range n {
				_, err := z.Add(ctx, member(i), score(i))
				must(t, err)
			}
			all := collections.ByScore(math.Inf(-1), math.Inf(1))
			if reverse {
				all = all.Reverse()
			}
			seen, removed := map[string]int{}, map[string]bool{}
			var order []string
			steps := 0
			for m, err := range z.Range(ctx, all) {
				must(t, err)
				seen[m.Value]++
				order = append(order, m.Value)
				steps++
				if steps != 64 && steps != 64+128 && steps != 64+128+256 {
					continue
				}
				var at int
				_, err := fmt.Sscan(m.Value[:5], &at)
				must(t, err)
				switch steps {
				case 64: // the last member and its neighbours are removed
					for _, i := range []int{at - 1, at, at + 1} {
						_, err := z.Remove(ctx, member(i))
						must(t, err)
						removed[member(i)] = true
					}
				case 64 + 128: // the last member moves to a place far back
					_, err := z.Add(ctx, m.Value, map[bool]float64{false: -1000, true: 1000}[reverse])
					must(t, err)
				}
				for _, near := range []string{"", "+", "~"} { // new neighbours on both sides
					for _, i := range []int{at - 100, at - 1, at, at + 1, at + 100} {
						_, err := z.Add(ctx, member(i)+near+"new", score(i))
						must(t, err)
					}
				}
			}
			for i := range n {
				if m := member(i); seen[m] != 1 && !removed[m] {
					t.Errorf("ties %t, reverse %t: %q was yielded %d times", tied, reverse, m, seen[m])
				}
			}
			if reverse {
				slices.Reverse(order)
			}
			if !slices.IsSorted(order) {
				t.Errorf("ties %t, reverse %t: the walk is not in order: %q", tied, reverse, order)
			}
		}
	}
}

// sortedWalkDuringWrites iterates while another client adds, removes and moves members
// around the members that stay.
func sortedWalkDuringWrites(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "z")
	z := collections.NewSortedSet[int](r.Client, at)
	writer := collections.NewSortedSet[int](r.NewClient(t), at)
	const n = 400
	place := func(i int) float64 { return float64(i % 40) } // ten members per score
	var kept []collections.Scored[int]
	for i := range n {
		kept = append(kept, collections.Scored[int]{Value: i, Score: place(i)})
	}
	_, err := z.AddMany(ctx, kept...)
	must(t, err)
	rng := redistest.Seed(t)
	write := func() error {
		var others []collections.Scored[int]
		for range 100 {
			others = append(others, collections.Scored[int]{Value: n + rng.IntN(300), Score: place(rng.IntN(40))})
		}
		if _, err := writer.AddMany(ctx, others...); err != nil {
			return err
		}
		for _, m := range others[:60] {
			if _, err := writer.Remove(ctx, m.Value); err != nil {
				return err
			}
		}
		return nil
	}
	duringWrites(t, write, func(i int) {
		all := collections.ByScore(math.Inf(-1), math.Inf(1))
		if i%2 == 1 {
			all = all.Reverse()
		}
		seen := map[int]int{}
		for m, err := range z.Range(ctx, all) {
			if err != nil {
				t.Error(err)
				break
			}
			seen[m.Value]++
		}
		for i := range n {
			if seen[i] != 1 {
				t.Errorf("%d was in the set all the time and was yielded %d times", i, seen[i])
				break
			}
		}
	})
}
