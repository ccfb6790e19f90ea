package conformance

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// sortedModel makes the same random calls to two objects of one sorted set and to a Go
// map. It uses the given scores, or else a few scores that collide and both infinities.
func sortedModel(t *testing.T, r *redistest.Redis, calls int, scores ...float64) {
	x := &sortedOps{model: newModel(t), want: map[string]float64{}, scores: scores}
	if len(scores) == 0 {
		x.scores = []float64{math.Inf(-1), -2.5, -1, 0, 1, 1, 2, 1e100, math.Inf(1)}
	}
	at := name(t, r, "ranking")
	x.handles = []*collections.SortedSet[string]{
		collections.NewSortedSet[string](r.Client, at),
		collections.NewSortedSet[string](otherProtocolClient(t, r), at),
	}
	does := []func(){
		x.add, x.add, x.addMany, x.addMany, x.score, x.rank, x.popMin, x.popMax, x.remove,
		x.removeRange, x.length, x.walk, x.walk, x.walk, x.all, x.exists, x.clear,
	}
	if len(scores) == 0 {
		does = append(does, x.addMax, x.addMax, x.addMin, x.addMin, x.addScore)
	}
	x.runRandom(calls, does...)
}

type scored = collections.Scored[string]

type sortedOps struct {
	*model
	want    map[string]float64
	scores  []float64 // scores of members; ranges of texts need a single one
	handles []*collections.SortedSet[string]
}

func (x *sortedOps) pick() (*collections.SortedSet[string], string, float64) {
	return oneOf(x.model, x.handles...), x.member(), oneOf(x.model, x.scores...)
}

func (x *sortedOps) member() string {
	return oneOf(x.model, "", "ada", "bob", "b", "ba", "\x00", "\xff", "{x}", "\u00e9", "Z")
}

// sorted returns the members of the model in order.
func (x *sortedOps) sorted() []scored {
	var all []scored
	for m, s := range x.want {
		all = append(all, scored{Value: m, Score: s})
	}
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.Value, b.Value))
	})
	return all
}

func (x *sortedOps) add() {
	z, m, s := x.pick()
	_, had := x.want[m]
	x.want[m] = s
	added, err := z.Add(x.ctx(), m, s)
	x.check(err, added, !had, "Add(%q, %g)", m, s)
}

func (x *sortedOps) addMany() {
	z, _, _ := x.pick()
	ms := some(x.model, 4, func() scored { return scored{Value: x.member(), Score: oneOf(x.model, x.scores...)} })
	before := len(x.want)
	for _, m := range ms {
		x.want[m.Value] = m.Score
	}
	added, err := z.AddMany(x.ctx(), ms...)
	x.check(err, added, len(x.want)-before, "AddMany(%v)", ms)
}

// extreme is AddMax or AddMin.
func (x *sortedOps) extreme(call string, better func(a, b float64) bool) {
	z, m, s := x.pick()
	old, had := x.want[m]
	changed := !had || better(s, old)
	if changed {
		x.want[m] = s
	}
	add := z.AddMax
	if call == "AddMin" {
		add = z.AddMin
	}
	got, err := add(x.ctx(), m, s)
	x.check(err, got, changed, "%s(%q, %g)", call, m, s)
}

func (x *sortedOps) addMax() { x.extreme("AddMax", func(a, b float64) bool { return a > b }) }
func (x *sortedOps) addMin() { x.extreme("AddMin", func(a, b float64) bool { return a < b }) }

func (x *sortedOps) addScore() {
	z, m, _ := x.pick()
	delta := oneOf(x.model, -1, 0, 0.5, 2)
	x.want[m] += delta
	got, err := z.AddScore(x.ctx(), m, delta)
	x.check(err, got, x.want[m], "AddScore(%q, %g)", m, delta)
}

func (x *sortedOps) score() {
	z, m, _ := x.pick()
	got, ok, err := z.Score(x.ctx(), m)
	want, had := x.want[m]
	x.check(err, results(got, ok), results(want, had), "Score(%q)", m)
}

func (x *sortedOps) rank() {
	z, m, _ := x.pick()
	got, ok, err := z.Rank(x.ctx(), m)
	at := slices.IndexFunc(x.sorted(), func(s scored) bool { return s.Value == m })
	x.check(err, results(got, ok), results(max(at, 0), at >= 0), "Rank(%q)", m)
}

// pop is PopMin or PopMax.
func (x *sortedOps) pop(call string, last bool) {
	z, _, _ := x.pick()
	var want scored
	if all := x.sorted(); len(all) > 0 {
		want = all[0]
		if last {
			want = all[len(all)-1]
		}
	}
	had := len(x.want) > 0
	delete(x.want, want.Value)
	pop := z.PopMin
	if last {
		pop = z.PopMax
	}
	got, ok, err := pop(x.ctx())
	x.check(err, results(got, ok), results(want, had), "%s()", call)
}

func (x *sortedOps) popMin() { x.pop("PopMin", false) }
func (x *sortedOps) popMax() { x.pop("PopMax", true) }

func (x *sortedOps) remove() {
	z, _, _ := x.pick()
	ms := some(x.model, 3, x.member)
	before := len(x.want)
	for _, m := range ms {
		delete(x.want, m)
	}
	n, err := z.Remove(x.ctx(), ms...)
	x.check(err, n, before-len(x.want), "Remove(%q)", ms)
}

// randomRange chooses a range, and returns the members of the model in it.
func (x *sortedOps) randomRange() (r collections.Range, want []scored) {
	all := x.sorted()
	reverse := x.chance(2)
	if reverse {
		slices.Reverse(all)
	}
	switch kind := x.rng.IntN(3); {
	case kind == 0:
		from, to := x.rng.IntN(17)-8, x.rng.IntN(17)-8
		r = collections.ByRank(from, to)
		n := len(all)
		if from < 0 {
			from = max(0, from+n)
		}
		if to < 0 {
			to += n + 1
		}
		if from, to = min(from, n), min(to, n); from < to {
			want = all[from:to]
		}
	case kind == 1 && len(x.scores) == 1:
		lo, hi := x.member(), oneOf(x.model, x.member(), "")
		r = collections.ByLex(lo, hi)
		want = slices.DeleteFunc(all, func(m scored) bool { return m.Value < lo || hi != "" && m.Value > hi })
	default:
		bounds := []float64{math.Inf(-1), -1.75, -1, 0, 0.5, 1, 2, 1e100, math.Inf(1)}
		lo, hi := oneOf(x.model, bounds...), oneOf(x.model, bounds...)
		r = collections.ByScore(lo, hi)
		want = slices.DeleteFunc(all, func(m scored) bool { return m.Score < lo || m.Score > hi })
	}
	if reverse {
		r = r.Reverse()
	}
	if x.chance(3) {
		n := x.rng.IntN(5) - 1
		r = r.Limit(n)
		want = want[:min(max(n, 0), len(want))]
	}
	return r, want
}

func (x *sortedOps) walk() {
	z, _, _ := x.pick()
	r, want := x.randomRange()
	got, err := drain(z.Range(x.ctx(), r))
	x.check(err, got, want, "Range(%+v)", r)
}

func (x *sortedOps) all() {
	z, _, _ := x.pick()
	got, err := drain(z.All(x.ctx()))
	x.check(err, got, x.sorted(), "All()")
}

func (x *sortedOps) removeRange() {
	z, _, _ := x.pick()
	r, want := x.randomRange()
	for _, m := range want {
		delete(x.want, m.Value)
	}
	n, err := z.RemoveRange(x.ctx(), r)
	x.check(err, n, len(want), "RemoveRange(%+v)", r)
}

func (x *sortedOps) length() {
	z, _, _ := x.pick()
	n, err := z.Len(x.ctx())
	x.check(err, n, len(x.want), "Len()")
}

func (x *sortedOps) exists() {
	z, _, _ := x.pick()
	ok, err := z.Exists(x.ctx())
	x.check(err, ok, len(x.want) > 0, "Exists()")
}

func (x *sortedOps) clear() {
	z, _, _ := x.pick()
	if !x.chance(4) {
		return
	}
	clear(x.want)
	x.check(z.Clear(x.ctx()), nil, nil, "Clear()")
}
