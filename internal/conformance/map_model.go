package conformance

import (
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/desir-go/desir/collections"
)

type mapWalker struct {
	*model
	want    map[string]int64
	handles []*collections.Map[string, int64]
}

// pick chooses an object, a key and a value, from small sets so that they collide.
func (x *mapWalker) pick() (*collections.Map[string, int64], string, int64) {
	return oneOf(x.model, x.handles...), x.key(), x.value()
}

func (x *mapWalker) key() string {
	return oneOf(x.model, "", "pear", "apple", "fig", "a b", "\x00", "{x}")
}
func (x *mapWalker) value() int64 { return x.rng.Int64N(4) - 1 }

func (x *mapWalker) get() {
	m, k, _ := x.pick()
	v, ok, err := m.Get(x.ctx(), k)
	want, has := x.want[k]
	x.same(err, answer(v, ok), answer(want, has), "Get(%q)", k)
}

func (x *mapWalker) getMany() {
	m, _, _ := x.pick()
	ks := some(x.model, 4, x.key)
	got, err := m.GetMany(x.ctx(), ks...)
	want := map[string]int64{}
	for _, k := range ks {
		if v, ok := x.want[k]; ok {
			want[k] = v
		}
	}
	x.same(err, got, want, "GetMany(%q)", ks)
}

func (x *mapWalker) has() {
	m, k, _ := x.pick()
	ok, err := m.Has(x.ctx(), k)
	_, want := x.want[k]
	x.same(err, ok, want, "Has(%q)", k)
}

func (x *mapWalker) length() {
	m, _, _ := x.pick()
	n, err := m.Len(x.ctx())
	x.same(err, n, len(x.want), "Len()")
}

func (x *mapWalker) set() {
	m, k, v := x.pick()
	x.want[k] = v
	x.same(m.Set(x.ctx(), k, v), nil, nil, "Set(%q, %d)", k, v)
}

func (x *mapWalker) entries() map[string]int64 {
	entries := map[string]int64{}
	for _, k := range some(x.model, 4, x.key) {
		entries[k] = x.value()
	}
	return entries
}

func (x *mapWalker) setMany() {
	m, _, _ := x.pick()
	entries := x.entries()
	maps.Copy(x.want, entries)
	x.same(m.SetMany(x.ctx(), entries), nil, nil, "SetMany(%v)", entries)
}

func (x *mapWalker) insert() {
	m, _, _ := x.pick()
	entries := x.entries()
	maps.Copy(x.want, entries)
	n, err := m.Insert(x.ctx(), maps.All(entries))
	x.same(err, n, len(entries), "Insert(%v)", entries)
}

func (x *mapWalker) setNew() {
	m, k, v := x.pick()
	_, had := x.want[k]
	if !had {
		x.want[k] = v
	}
	stored, err := m.SetIfAbsent(x.ctx(), k, v)
	x.same(err, stored, !had, "SetIfAbsent(%q, %d)", k, v)
}

func (x *mapWalker) swap() {
	m, k, v := x.pick()
	prev, loaded, err := m.Swap(x.ctx(), k, v)
	want, had := x.want[k]
	x.want[k] = v
	x.same(err, answer(prev, loaded), answer(want, had), "Swap(%q, %d)", k, v)
}

func (x *mapWalker) loadOrStore() {
	m, k, v := x.pick()
	actual, loaded, err := m.LoadOrStore(x.ctx(), k, v)
	if _, had := x.want[k]; !had {
		x.want[k] = v
		x.same(err, answer(actual, loaded), answer(v, false), "LoadOrStore(%q, %d)", k, v)
		return
	}
	x.same(err, answer(actual, loaded), answer(x.want[k], true), "LoadOrStore(%q, %d)", k, v)
}

func (x *mapWalker) loadAndDelete() {
	m, k, _ := x.pick()
	v, loaded, err := m.LoadAndDelete(x.ctx(), k)
	want, had := x.want[k]
	delete(x.want, k)
	x.same(err, answer(v, loaded), answer(want, had), "LoadAndDelete(%q)", k)
}

func (x *mapWalker) compareAndSwap() {
	m, k, old := x.pick()
	v := x.value()
	was, had := x.want[k]
	hit := had && was == old
	if hit {
		x.want[k] = v
	}
	swapped, err := m.CompareAndSwap(x.ctx(), k, old, v)
	x.same(err, swapped, hit, "CompareAndSwap(%q, %d, %d)", k, old, v)
}

func (x *mapWalker) compareAndDelete() {
	m, k, old := x.pick()
	was, had := x.want[k]
	hit := had && was == old
	if hit {
		delete(x.want, k)
	}
	deleted, err := m.CompareAndDelete(x.ctx(), k, old)
	x.same(err, deleted, hit, "CompareAndDelete(%q, %d)", k, old)
}

func (x *mapWalker) update() {
	m, k, v := x.pick()
	keep := !x.chance(3)
	was, had := x.want[k]
	var saw []any
	got, err := m.Update(x.ctx(), k, func(old int64, ok bool) (int64, bool, error) {
		saw = answer(old, ok)
		return old + v, keep, nil
	})
	want := int64(0)
	delete(x.want, k)
	if keep {
		want = was + v
		x.want[k] = want
	}
	x.same(err, answer(saw, got), answer(answer(was, had), want), "Update(%q, +%d, keep %t)", k, v, keep)
}

var errRefused = errors.New("refused by the test's function")

func (x *mapWalker) updateFails() {
	m, k, v := x.pick()
	got, err := m.Update(x.ctx(), k, func(int64, bool) (int64, bool, error) { return v, true, errRefused })
	x.same(nil, answer(got, errors.Is(err, errRefused)), answer(int64(0), true), "Update(%q) that fails", k)
}

func (x *mapWalker) delete() {
	m, _, _ := x.pick()
	ks := some(x.model, 3, x.key)
	want := 0
	for _, k := range ks {
		if _, had := x.want[k]; had {
			want++
		}
		delete(x.want, k)
	}
	n, err := m.Delete(x.ctx(), ks...)
	x.same(err, n, want, "Delete(%q)", ks)
}

func (x *mapWalker) random() {
	m, _, _ := x.pick()
	n := oneOf(x.model, x.rng.IntN(9)-1, math.MaxInt)
	got, err := m.Random(x.ctx(), n)
	seen := collect(got)
	for k, v := range seen {
		if want, ok := x.want[k]; !ok || want != v {
			x.same(nil, seen, x.want, "Random(%d) with %q", n, k)
		}
	}
	want := max(0, min(n, len(x.want)))
	x.same(err, answer(len(got), len(seen)), answer(want, want), "Random(%d)", n)
}

func (x *mapWalker) all() {
	m, _, _ := x.pick()
	got, err := drain(m.All(x.ctx()))
	x.same(err, collect(got), x.want, "All()")
}

func (x *mapWalker) keys() {
	m, _, _ := x.pick()
	got, err := drain(m.Keys(x.ctx()))
	slices.Sort(got)
	x.same(err, slices.Compact(got), slices.Sorted(maps.Keys(x.want)), "Keys()")
}

func (x *mapWalker) values() {
	m, _, _ := x.pick()
	got, err := drain(m.Values(x.ctx()))
	slices.Sort(got) // such a small hash is read in one page, each entry once
	x.same(err, got, slices.Sorted(maps.Values(x.want)), "Values()")
}

func (x *mapWalker) snapshot() {
	m, _, _ := x.pick()
	got, err := m.Snapshot(x.ctx())
	x.same(err, got, x.want, "Snapshot()")
}

func (x *mapWalker) add() {
	m, k, v := x.pick()
	sum, err := collections.Add(x.ctx(), m, k, v)
	x.want[k] += v
	x.same(err, sum, x.want[k], "Add(%q, %d)", k, v)
}

func (x *mapWalker) exists() {
	m, _, _ := x.pick()
	ok, err := m.Exists(x.ctx())
	x.same(err, ok, len(x.want) > 0, "Exists()")
}

func (x *mapWalker) clear() {
	if !x.chance(4) {
		return // rarely, so that the map is not always empty
	}
	m, _, _ := x.pick()
	clear(x.want)
	x.same(m.Clear(x.ctx()), nil, nil, "Clear()")
}
