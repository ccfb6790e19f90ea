package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// costs counts the round trips of every call of a subject when the server knows the
// scripts.
func costs(s Subject) part {
	return part{s.Name + "Costs", func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		trips := redistest.CountTrips(rdb)
		key := tagged(t, r, "k")
		for _, c := range s.Calls(rdb, key) {
			if c.unsupported(t.Context(), r.Raw()) {
				continue
			}
			for range 2 { // the first call loads the scripts
				s.refill(t, r.Raw(), key)
				trips.Reset()
				if err := c.Do(t.Context()); err != nil {
					t.Errorf("%s: %v", c.name(), err)
				}
			}
			sends, want := strings.Fields(c.Sends), len(strings.Fields(c.Sends))
			if c.Paged {
				sends = pageCommands(r, c.Sends)
			}
			if r.Name == "embedded" && c.Newer && c.Op == "ExpireKey" {
				sends = []string{"hexpire"} // it has no other command
			}
			if got := trips.Commands(); !slices.Equal(got, sends) || trips.Count() != want {
				t.Errorf("%s: %d round trips %q, want %d %q", c.name(), trips.Count(), got, want, sends)
			}
		}
	}}
}

// refill deletes the keys and calls Fill.
func (s Subject) refill(t *testing.T, raw client, key string) {
	t.Helper()
	ctx := context.Background()
	must(t, raw.Del(ctx, key).Err())
	must(t, raw.Del(ctx, other(key)).Err())
	must(t, s.Fill(ctx, raw, key))
}

// pageCommands returns the commands that read one page. They are one round trip.
func pageCommands(r *redistest.Redis, scan string) []string {
	switch {
	case scan == "evalsha" || r.Name == "autopipeline": // its node is not known
		return []string{"evalsha"}
	case r.Name == "embedded": // no INFO server
		return []string{scan}
	default:
		return []string{scan, "info"}
	}
}

// callCost is a call with the minimum and maximum of its round trips.
type callCost struct {
	name        string
	least, most int
	do          func(ctx context.Context) error
}

func countTrips(t *testing.T, trips *redistest.Trips, calls ...callCost) {
	t.Helper()
	for _, c := range calls {
		trips.Reset()
		if err := c.do(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := trips.Count(); n < c.least || n > c.most {
			t.Errorf("%s: %d round trips, want %d to %d", c.name, n, c.least, c.most)
		}
	}
}

// mapCosts counts the round trips of large calls and of calls with nothing to do.
func mapCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	m := collections.NewMap[string, string](rdb, name(t, r, "m"))
	trips := redistest.CountTrips(rdb)
	entries := func(n int) map[string]string {
		all := map[string]string{}
		for i := range n {
			all[fmt.Sprint("field ", i)] = "v"
		}
		return all
	}
	heavy := entries(300) // 600 KiB
	for k := range heavy {
		heavy[k] = strings.Repeat("v", 2<<10)
	}
	pages := 12 // of 64, 128, 256, 512 and then 1000 entries, which are approximate
	if r.Name == "embedded" {
		pages = 1 // the embedded server returns everything in one page
	}
	must(t, m.SetMany(t.Context(), entries(3000)))
	_, err := drain(m.Keys(t.Context())) // loads the script of pages
	must(t, err)
	countTrips(t, trips,
		callCost{"SetMany(0)", 0, 0, func(ctx context.Context) error { return m.SetMany(ctx, nil) }},
		callCost{"SetMany(500)", 1, 1, func(ctx context.Context) error { return m.SetMany(ctx, entries(500)) }},
		callCost{"SetMany(501)", 2, 2, func(ctx context.Context) error { return m.SetMany(ctx, entries(501)) }},
		callCost{"Insert(0)", 0, 0, func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(entries(0)))) }},
		callCost{"Insert(250)", 1, 1, func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(entries(250)))) }},
		callCost{"Insert(1001)", 3, 5, func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(entries(1001)))) }},
		callCost{"SetMany(600 KiB)", 3, 3, func(ctx context.Context) error { return m.SetMany(ctx, heavy) }},
		callCost{"Insert(600 KiB)", 3, 3, func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(heavy))) }},
		callCost{"GetMany()", 0, 0, func(ctx context.Context) error { return second(m.GetMany(ctx)) }},
		callCost{"Delete()", 0, 0, func(ctx context.Context) error { return second(m.Delete(ctx)) }},
		callCost{"Random(0)", 0, 0, func(ctx context.Context) error { return second(m.Random(ctx, 0)) }},
		callCost{"All of 3000", 1, pages, func(ctx context.Context) error { return second(drain(m.All(ctx))) }},
		callCost{"a step of All", 1, 1, func(ctx context.Context) error { return first(m.All(ctx)) }},
	)
}

func setCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	s := collections.NewSet[int](rdb, name(t, r, "s"))
	countTrips(t, trips,
		callCost{"Add()", 0, 0, func(ctx context.Context) error { return second(s.Add(ctx)) }},
		callCost{"Add of 3", 1, 1, func(ctx context.Context) error { return second(s.Add(ctx, 1, 2, 3)) }},
		callCost{"Remove()", 0, 0, func(ctx context.Context) error { return second(s.Remove(ctx)) }},
		callCost{"HasMany()", 0, 0, func(ctx context.Context) error { return second(s.HasMany(ctx)) }},
		callCost{"PopN(0)", 0, 0, func(ctx context.Context) error { return second(s.PopN(ctx, 0)) }},
		callCost{"Random(-1)", 0, 0, func(ctx context.Context) error { return second(s.Random(ctx, -1)) }},
		callCost{"Union()", 1, 1, func(ctx context.Context) error { return second(s.Union(ctx)) }},
	)
}

func listCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	l := collections.NewList[int](rdb, name(t, r, "l"))
	walk := func(n, pages int) callCost {
		return callCost{fmt.Sprintf("All of %d", n), pages, pages, func(ctx context.Context) error {
			return second(drain(l.All(ctx)))
		}}
	}
	for n, pages := range map[int]int{0: 1, 63: 1, 64: 2, 65: 2, 3000: 7} {
		must(t, l.Clear(t.Context()))
		_, err := l.PushBack(t.Context(), make([]int, n)...)
		must(t, err)
		countTrips(t, trips, walk(n, pages))
	}
	countTrips(t, trips,
		callCost{"PopN(0)", 0, 0, func(ctx context.Context) error { return second(l.PopN(ctx, 0)) }},
		callCost{"Slice(3, 1)", 0, 0, func(ctx context.Context) error { return second(l.Slice(ctx, 3, 1)) }},
		callCost{"a step of Backward", 1, 1, func(ctx context.Context) error { return first(l.Backward(ctx)) }},
	)
}

func idsCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	s := counter.NewIDs(rdb, name(t, r, "ids"), 10)
	for n := range 30 {
		_, err := s.Next(t.Context())
		must(t, err)
		if want := n/10 + 1; trips.Count() != want {
			t.Errorf("%d numbers took %d round trips, want %d", n+1, trips.Count(), want)
		}
	}
}
