package conformance

import (
	"slices"

	"github.com/desir-go/desir/collections"
)

const ringLen = 6

type words = collections.List[string]

type listOps struct {
	*model
	want    [2][]string
	handles [2][2]*words
}

func (x *listOps) pick() (*words, *[]string, int) {
	i := x.rng.IntN(2)
	return oneOf(x.model, x.handles[i][:]...), &x.want[i], i
}

func (x *listOps) value() string { return oneOf(x.model, "", "a", "b", "c", "dd", "\x00") }

// position returns an index within or near a list, counted from either end.
func (x *listOps) position(want []string) int { return x.rng.IntN(2*len(want)+7) - len(want) - 3 }

func (x *listOps) pushBack() {
	l, want, i := x.pick()
	vs := some(x.model, 3, x.value)
	*want = append(*want, vs...)
	if i == 1 && len(vs) > 0 {
		*want = (*want)[max(0, len(*want)-ringLen):]
	}
	n, err := l.PushBack(x.ctx(), vs...)
	x.check(err, n, len(*want), "%d.PushBack(%q)", i, vs)
}

func (x *listOps) pushFront() {
	l, want, i := x.pick()
	vs := some(x.model, 3, x.value)
	for _, v := range vs {
		*want = slices.Insert(*want, 0, v)
	}
	if i == 1 && len(vs) > 0 {
		*want = (*want)[:min(len(*want), ringLen)]
	}
	n, err := l.PushFront(x.ctx(), vs...)
	x.check(err, n, len(*want), "%d.PushFront(%q)", i, vs)
}

// take removes the element at one end of a model.
func take(want *[]string, from collections.End) (v string, ok bool) {
	n := len(*want)
	switch {
	case n == 0:
		return "", false
	case from == collections.Front:
		v, *want = (*want)[0], (*want)[1:]
	default:
		v, *want = (*want)[n-1], (*want)[:n-1]
	}
	return v, true
}

func (x *listOps) popFront() {
	l, want, i := x.pick()
	v, ok, err := l.PopFront(x.ctx())
	x.check(err, results(v, ok), results2(take(want, collections.Front)), "%d.PopFront()", i)
}

func (x *listOps) popBack() {
	l, want, i := x.pick()
	v, ok, err := l.PopBack(x.ctx())
	x.check(err, results(v, ok), results2(take(want, collections.Back)), "%d.PopBack()", i)
}

func (x *listOps) popN() {
	l, want, i := x.pick()
	n := x.rng.IntN(4) - 1
	cut := max(0, min(n, len(*want)))
	got, err := l.PopN(x.ctx(), n)
	x.check(err, got, (*want)[:cut], "%d.PopN(%d)", i, n)
	*want = (*want)[cut:]
}

// index resolves a negative index, which counts from the back.
func index(want []string, at int) (int, bool) {
	if at < 0 {
		at += len(want)
	}
	return at, at >= 0 && at < len(want)
}

func (x *listOps) at() {
	l, want, i := x.pick()
	at := x.position(*want)
	var v string
	j, ok := index(*want, at)
	if ok {
		v = (*want)[j]
	}
	got, has, err := l.At(x.ctx(), at)
	x.check(err, results(got, has), results(v, ok), "%d.At(%d) of %q", i, at, *want)
}

func (x *listOps) setAt() {
	l, want, i := x.pick()
	at, v := x.position(*want), x.value()
	j, ok := index(*want, at)
	if ok {
		(*want)[j] = v
	}
	has, err := l.SetAt(x.ctx(), at, v)
	x.check(err, has, ok, "%d.SetAt(%d, %q) of %q", i, at, v, *want)
}

// span returns the elements that Slice promises. from and to are as in a slice
// expression. Negative ones count from the back: as from, -1 is the last element, and as
// to it is the end.
func span(want []string, from, to int) []string {
	n := len(want)
	if from < 0 {
		from += n
	}
	if to < 0 {
		to += n + 1
	}
	from, to = max(0, from), max(0, min(n, to))
	if from >= to {
		return nil
	}
	return want[from:to]
}

func (x *listOps) slice() {
	l, want, i := x.pick()
	from, to := x.position(*want), x.position(*want)
	got, err := l.Slice(x.ctx(), from, to)
	x.check(err, got, span(*want, from, to), "%d.Slice(%d, %d) of %q", i, from, to, *want)
}

func (x *listOps) trim() {
	l, want, i := x.pick()
	from, to := x.position(*want), x.position(*want)
	if x.chance(2) { // a range that leaves some elements
		from, to = x.rng.IntN(2), -1-x.rng.IntN(2)
	}
	err := l.Trim(x.ctx(), from, to)
	x.check(err, nil, nil, "%d.Trim(%d, %d) of %q", i, from, to, *want)
	*want = slices.Clone(span(*want, from, to))
}

func (x *listOps) index() {
	l, want, i := x.pick()
	v := x.value()
	at := slices.Index(*want, v)
	got, ok, err := l.Index(x.ctx(), v)
	x.check(err, results(got, ok), results(max(at, 0), at >= 0), "%d.Index(%q) of %q", i, v, *want)
}

func (x *listOps) remove() {
	l, want, i := x.pick()
	v, count := x.value(), x.rng.IntN(5)-2
	before := len(*want)
	left := max(count, -count)
	if count == 0 {
		left = before
	}
	keep := func(e string) bool {
		if e != v || left == 0 {
			return false
		}
		left--
		return true
	}
	if count < 0 {
		slices.Reverse(*want)
	}
	*want = slices.DeleteFunc(*want, keep)
	if count < 0 {
		slices.Reverse(*want)
	}
	n, err := l.Remove(x.ctx(), v, count)
	x.check(err, n, before-len(*want), "%d.Remove(%q, %d)", i, v, count)
}

func (x *listOps) insertBefore() {
	l, want, i := x.pick()
	pivot, v := x.value(), x.value()
	at := slices.Index(*want, pivot)
	if at >= 0 {
		*want = slices.Insert(*want, at, v)
	}
	ok, err := l.InsertBefore(x.ctx(), pivot, v)
	x.check(err, ok, at >= 0, "%d.InsertBefore(%q, %q)", i, pivot, v)
}

func (x *listOps) move() {
	client := x.rng.IntN(2)
	i, j := x.rng.IntN(2), x.rng.IntN(2)
	from, at := collections.End(x.rng.IntN(2)), collections.End(x.rng.IntN(2))
	v, ok := take(&x.want[i], from)
	if ok {
		to := 0
		if at == collections.Back {
			to = len(x.want[j])
		}
		x.want[j] = slices.Insert(x.want[j], to, v)
	}
	got, has, err := x.handles[i][client].Move(x.ctx(), from, x.handles[j][client], at)
	x.check(err, results(got, has), results(v, ok), "%d.Move(%d, %d, %d)", i, from, j, at)
}

func (x *listOps) length() {
	l, want, i := x.pick()
	n, err := l.Len(x.ctx())
	x.check(err, n, len(*want), "%d.Len()", i)
}

func (x *listOps) all() {
	l, want, i := x.pick()
	got, err := drain(l.All(x.ctx()))
	x.check(err, got, *want, "%d.All()", i)
}

func (x *listOps) backward() {
	l, want, i := x.pick()
	got, err := drain(l.Backward(x.ctx()))
	slices.Reverse(got)
	x.check(err, got, *want, "%d.Backward()", i)
}

func (x *listOps) clear() {
	l, want, i := x.pick()
	if !x.chance(3) {
		ok, err := l.Exists(x.ctx())
		x.check(err, ok, len(*want) > 0, "%d.Exists()", i)
		return
	}
	*want = nil
	x.check(l.Clear(x.ctx()), nil, nil, "%d.Clear()", i)
}
