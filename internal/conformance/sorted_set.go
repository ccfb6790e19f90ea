package conformance

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// SortedSet tests collections.SortedSet on a backend.
func SortedSet(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", func(t *testing.T, r *redistest.Redis) { sortedModel(t, r, 700) }},
		part{"ModelLex", func(t *testing.T, r *redistest.Redis) { sortedModel(t, r, 700, 0) }},
		failures(sortedSubject()),
		costs(sortedSubject()),
		part{"Costs", sortedCosts},
		part{"Scores", sortedScores},
		part{"Refusals", sortedRefusals},
		part{"Undecodable", sortedUndecodable},
		part{"Walks", sortedWalks},
		part{"WalkDuringChanges", sortedWalkDuringChanges},
		part{"WalkDuringWrites", sortedWalkDuringWrites},
	)
}

// sortedCosts counts the round trips of large calls and of calls with nothing to do.
func sortedCosts(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	z := collections.NewSortedSet[int](rdb, name(t, r, "z"))
	calls := func(what string, want int, call func() error) {
		t.Helper()
		trips.Reset()
		if err := call(); err != nil || trips.Count() != want {
			t.Errorf("%s: %d round trips %q, error %v; want %d", what, trips.Count(), trips.Commands(), err, want)
		}
	}
	walk := func(r collections.Range) func() error { return func() error { return second(drain(z.Range(ctx, r))) } }
	must(t, walk(collections.ByRank(0, 1))()) // loads the script
	must(t, second(z.RemoveRange(ctx, collections.ByRank(0, 1))))
	calls("AddMany()", 0, func() error { return second(z.AddMany(ctx)) })
	calls("Remove()", 0, func() error { return second(z.Remove(ctx)) })
	calls("RemoveRange(none)", 0, func() error { return second(z.RemoveRange(ctx, collections.Range{})) })
	calls("Range(none)", 0, walk(collections.Range{}))
	calls("Range(Limit(0))", 0, walk(collections.ByRank(0, -1).Limit(0)))
	var all []collections.Scored[int]
	for i := range 3000 {
		all = append(all, collections.Scored[int]{Value: i, Score: float64(i / 2)})
	}
	calls("AddMany(3000)", 1, func() error { return second(z.AddMany(ctx, all...)) })
	calls("Range of 64", 1, walk(collections.ByRank(0, 64)))
	calls("Range of 65", 2, walk(collections.ByRank(0, 65)))
	calls("Range of 3000", 7, walk(collections.ByRank(0, -1)))
	calls("Range of 3000, 40 of them", 1, walk(collections.ByScore(10, 2000).Limit(40)))
	calls("RemoveRange of 1000", 1, func() error { return second(z.RemoveRange(ctx, collections.ByRank(0, 1000))) })
}

// sortedScores stores and reads every kind of number.
func sortedScores(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	z := collections.NewSortedSet[string](r.Client, name(t, r, "z"))
	other := collections.NewSortedSet[string](otherProtocolClient(t, r), z.Key())
	scores := []float64{
		math.Inf(-1), -math.MaxFloat64, -1e100, math.MinInt64, -1.5, -math.SmallestNonzeroFloat64, 0,
		math.SmallestNonzeroFloat64, 0.1, 1.0 / 3, 1, 1 << 53, 1<<53 + 2, 1e17, 1.7976931348623157e308, math.Inf(1),
	}
	for i, score := range scores {
		m := fmt.Sprint(i)
		added, err := z.Add(ctx, m, score)
		equal(t, "Add", results(added, err), results(true, nil))
		for _, h := range []*collections.SortedSet[string]{z, other} {
			got, ok, err := h.Score(ctx, m)
			equal(t, "Score of "+m, results(got, ok, err), results(score, true, nil))
			found, err := drain(h.Range(ctx, collections.ByScore(score, score)))
			if len(found) != 1 || found[0].Value != m || found[0].Score != score || err != nil {
				t.Errorf("ByScore(%g, %g) = %v, %v", score, score, found, err)
			}
		}
	}
	for _, reverse := range []bool{false, true} { // every score is the last of a page once
		for at := range scores {
			r := collections.ByScore(math.Inf(-1), math.Inf(1)).Limit(at)
			if reverse {
				r = r.Reverse()
			}
			found, err := drain(z.Range(ctx, r))
			equal(t, "Limit", results(len(found), err), results(at, nil))
		}
	}
	for _, pop := range []bool{true, false} {
		want, call := scores[0], z.PopMin
		if !pop {
			want, call = scores[len(scores)-1], other.PopMax
		}
		m, ok, err := call(ctx)
		equal(t, "Pop", results(m.Score, ok, err), results(want, true, nil))
	}
	if r.Name == "embedded" {
		return // the embedded server adds opposite infinities to NaN
	}
	_, err := z.Add(ctx, "inf", math.Inf(1))
	must(t, err)
	if sum, err := z.AddScore(ctx, "inf", math.Inf(-1)); err == nil {
		t.Errorf("infinity - infinity = %g", sum)
	}
	score, _, err := z.Score(ctx, "inf")
	equal(t, "Score after a refusal", results(score, err), results(math.Inf(1), nil))
}

// sortedRefusals passes NaN, which is refused before anything is sent.
func sortedRefusals(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	z := collections.NewSortedSet[string](rdb, name(t, r, "z"))
	nan := math.NaN()
	for op, err := range map[string]error{
		"Add":         second(z.Add(ctx, "m", nan)),
		"AddMany":     second(z.AddMany(ctx, collections.Scored[string]{Value: "a"}, collections.Scored[string]{Value: "b", Score: nan})),
		"AddMax":      second(z.AddMax(ctx, "m", nan)),
		"AddMin":      second(z.AddMin(ctx, "m", nan)),
		"AddScore":    second(z.AddScore(ctx, "m", nan)),
		"Range":       second(drain(z.Range(ctx, collections.ByScore(nan, 1)))),
		"RemoveRange": second(z.RemoveRange(ctx, collections.ByScore(1, nan))),
	} {
		outer, ok := err.(*desir.OpError)
		if !ok || outer.Op != "collections.SortedSet."+op || outer.Key != z.Key() || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("%s of NaN: error %v", op, err)
		}
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips %q", n, trips.Commands())
	}
	_, err := collections.NewSortedSet[string](rdb, "z", collections.MaxLen(3)).Len(ctx)
	if err == nil {
		t.Error("MaxLen is no option of a sorted set")
	}
}

// sortedUndecodable reads members that are not numbers.
func sortedUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "z")
	z := collections.NewSortedSet[int](r.Client, at)
	op := func(s string) string { return "collections.SortedSet." + s }
	must(t, r.Raw().ZAdd(ctx, at, redis.Z{Member: marker, Score: 1}, redis.Z{Member: "7", Score: 2}).Err())
	want := []collections.Scored[int]{{Value: 7, Score: 2}}
	found, bad := drainWithErrors(z.All(ctx))
	equal(t, "All", found, want)
	checkOneDecodeError(t, bad, op("All"), at, "")
	found, bad = drainWithErrors(z.Range(ctx, collections.ByRank(0, -1).Reverse()))
	equal(t, "Range", found, want)
	checkOneDecodeError(t, bad, op("Range"), at, "")
	_, ok, err := z.PopMin(ctx)
	equal(t, "PopMin", ok, false)
	checkDecodeError(t, err, op("PopMin"), at, "")
	must(t, r.Raw().ZAdd(ctx, at, redis.Z{Member: marker, Score: 3}).Err())
	_, ok, err = z.PopMax(ctx)
	equal(t, "PopMax", ok, false)
	checkDecodeError(t, err, op("PopMax"), at, "")
	n, err := z.Len(ctx)
	equal(t, "Len", results(n, err), results(1, nil))
}

// oddMembers returns members with arbitrary bytes, sorted.
func oddMembers() []string {
	members := []string{
		"", "\x00", "\x00\x00", "\n", " ", "(", "+", "-", "0", "10", "9", "A", "B", "[", "_", "a", "aa", "ab", "b",
		"{a}", "\u00e9", "\u042f", "\xff", "\xff\xff", strings.Repeat("n", 5000), strings.Repeat("n", 5000) + "m",
	}
	for i := range 200 {
		members = append(members, fmt.Sprintf("%c%d", rune(i*7%256+1), i))
	}
	slices.Sort(members)
	return members
}

// sortedWalks iterates over several pages of members with different scores, one score or
// a few scores, forward, backward and over ranges.
func sortedWalks(t *testing.T, r *redistest.Redis) {
	redistest.Goroutines(t)
	ctx := t.Context()
	rdb := r.NewClient(t)
	odd := oddMembers()
	for what, score := range map[string]func(i int) float64{
		"different": func(i int) float64 { return float64(i) - 100.5 },
		"one":       func(int) float64 { return 0 },
		"few":       func(i int) float64 { return float64(i / 75) },
	} {
		z := collections.NewSortedSet[string](rdb, name(t, r, what))
		var want []collections.Scored[string]
		for i := range 700 { // read in pages of 64, 128, 256 and the rest
			m := fmt.Sprintf("%05d", i)
			if what == "one" && i < len(odd) {
				m = odd[i]
			} else if what == "one" {
				m = "\xff\xff\xff" + m
			}
			want = append(want, collections.Scored[string]{Value: m, Score: score(i)})
		}
		shuffled := slices.Clone(want)
		redistest.Seed(t).Shuffle(len(want), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		n, err := z.AddMany(ctx, shuffled...)
		equal(t, "AddMany", results(n, err), results(len(want), nil))
		backward := slices.Clone(want)
		slices.Reverse(backward)
		check := func(call string, r collections.Range, want []collections.Scored[string]) {
			t.Helper()
			got, err := drain(z.Range(ctx, r))
			if !slices.Equal(got, want) || err != nil {
				t.Errorf("%s, %s: %d members, %v; want %d: they differ at %d", what, call, len(got), err, len(want), firstDifference(got, want))
			}
		}
		for range 2 {
			got, err := drain(z.All(ctx))
			if !slices.Equal(got, want) || err != nil {
				t.Errorf("%s, All: %d members, %v; they differ at %d", what, len(got), err, firstDifference(got, want))
			}
		}
		checkCanceled(t, "SortedSet.All, "+what, z.All)
		check("ByRank(0, -1)", collections.ByRank(0, -1), want)
		check("ByRank(0, -1).Reverse()", collections.ByRank(0, -1).Reverse(), backward)
		check("ByRank(100, 500)", collections.ByRank(100, 500), want[100:500])
		check("ByRank(-600, -100)", collections.ByRank(-600, -100), want[100:601])
		check("ByRank(-600, -100).Reverse()", collections.ByRank(-600, -100).Reverse(), backward[100:601])
		check("ByRank(-600, 500).Limit(200)", collections.ByRank(-600, 500).Limit(200), want[100:300])
		all := collections.ByScore(math.Inf(-1), math.Inf(1))
		check("Limit(192)", all.Limit(192), want[:192])
		check("Limit(193)", all.Limit(193), want[:193])
		check("Reverse().Limit(300)", all.Reverse().Limit(300), backward[:300])
		check("ByScore in part", collections.ByScore(score(150), math.Inf(1)), want[slices.IndexFunc(want, func(m collections.Scored[string]) bool { return m.Score == score(150) }):])
		if what == "one" {
			check("ByLex(all)", collections.ByLex("", ""), want)
			check("ByLex in part", collections.ByLex(want[10].Value, want[600].Value), want[10:601])
			check("ByLex in part, reverse", collections.ByLex(want[10].Value, want[600].Value).Reverse(), backward[99:690])
		}
		for range z.All(ctx) {
			break
		}
		if s := rdb.PoolStats(); r.Name != "autopipeline" && s.TotalConns > s.IdleConns {
			t.Errorf("%d connections of %d are in use", s.TotalConns-s.IdleConns, s.TotalConns)
		}
	}
}

// firstDifference returns the index at which two lists differ.
func firstDifference[T comparable](a, b []T) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
