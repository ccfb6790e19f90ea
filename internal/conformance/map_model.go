package conformance

import (
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/desir-go/desir/collections"
)

type mapOps struct {
	*model
	want    map[string]int64
	handles []*collections.Map[string, int64]
}

// pick chooses an object, a key and a value, from small sets so that they collide.
func (x *mapOps) pick() (*collections.Map[string, int64], string, int64) {
	return oneOf(x.model, x.handles...), x.key(), x.value()
}

func (x *mapOps) key() string {
	return oneOf(x.model, "", "pear", "apple", "fig", "a b", "\x00", "{x}")
}
func (x *mapOps) value() int64 { return x.rng.Int64N(4) - 1 }

func (x *mapOps) get() {
	m, k, _ := x.pick()
	v, ok, err := m.Get(x.ctx(), k)
	want, has := x.want[k]
	x.check(err, results(v, ok), results(want, has), "Get(%q)", k)
}

func (x *mapOps) getMany() {
	m, _, _ := x.pick()
	ks := some(x.model, 4, x.key)
	got, err := m.GetMany(x.ctx(), ks...)
	want := map[string]int64{}
	for _, k := range ks {
		if v, ok := x.want[k]; ok {
			want[k] = v
		}
	}
	x.check(err, got, want, "GetMany(%q)", ks)
}

func (x *mapOps) has() {
	m, k, _ := x.pick()
	ok, err := m.Has(x.ctx(), k)
	_, want := x.want[k]
	x.check(err, ok, want, "Has(%q)", k)
}

func (x *mapOps) length() {
	m, _, _ := x.pick()
	n, err := m.Len(x.ctx())
	x.check(err, n, len(x.want), "Len()")
}

func (x *mapOps) set() {
	m, k, v := x.pick()
	x.want[k] = v
	x.check(m.Set(x.ctx(), k, v), nil, nil, "Set(%q, %d)", k, v)
}

func (x *mapOps) entries() map[string]int64 {
	entries := map[string]int64{}
	for _, k := range some(x.model, 4, x.key) {
		entries[k] = x.value()
	}
	return entries
}

func (x *mapOps) setMany() {
	m, _, _ := x.pick()
	entries := x.entries()
	maps.Copy(x.want, entries)
	x.check(m.SetMany(x.ctx(), entries), nil, nil, "SetMany(%v)", entries)
}

func (x *mapOps) insert() {
	m, _, _ := x.pick()
	entries := x.entries()
	maps.Copy(x.want, entries)
	n, err := m.Insert(x.ctx(), maps.All(entries))
	x.check(err, n, len(entries), "Insert(%v)", entries)
}

func (x *mapOps) setNew() {
	m, k, v := x.pick()
	_, had := x.want[k]
	if !had {
		x.want[k] = v
	}
	stored, err := m.SetIfAbsent(x.ctx(), k, v)
	x.check(err, stored, !had, "SetIfAbsent(%q, %d)", k, v)
}

func (x *mapOps) swap() {
	m, k, v := x.pick()
	prev, loaded, err := m.Swap(x.ctx(), k, v)
	want, had := x.want[k]
	x.want[k] = v
	x.check(err, results(prev, loaded), results(want, had), "Swap(%q, %d)", k, v)
}

func (x *mapOps) loadOrStore() {
	m, k, v := x.pick()
	actual, loaded, err := m.LoadOrStore(x.ctx(), k, v)
	if _, had := x.want[k]; !had {
		x.want[k] = v
		x.check(err, results(actual, loaded), results(v, false), "LoadOrStore(%q, %d)", k, v)
		return
	}
	x.check(err, results(actual, loaded), results(x.want[k], true), "LoadOrStore(%q, %d)", k, v)
}

func (x *mapOps) loadAndDelete() {
	m, k, _ := x.pick()
	v, loaded, err := m.LoadAndDelete(x.ctx(), k)
	want, had := x.want[k]
	delete(x.want, k)
	x.check(err, results(v, loaded), results(want, had), "LoadAndDelete(%q)", k)
}

func (x *mapOps) compareAndSwap() {
	m, k, old := x.pick()
	v := x.value()
	was, had := x.want[k]
	hit := had && was == old
	if hit {
		x.want[k] = v
	}
	swapped, err := m.CompareAndSwap(x.ctx(), k, old, v)
	x.check(err, swapped, hit, "CompareAndSwap(%q, %d, %d)", k, old, v)
}

func (x *mapOps) compareAndDelete() {
	m, k, old := x.pick()
	was, had := x.want[k]
	hit := had && was == old
	if hit {
		delete(x.want, k)
	}
	deleted, err := m.CompareAndDelete(x.ctx(), k, old)
	x.check(err, deleted, hit, "CompareAndDelete(%q, %d)", k, old)
}

func (x *mapOps) update() {
	m, k, v := x.pick()
	keep := !x.chance(3)
	was, had := x.want[k]
	var saw []any
	got, err := m.Update(x.ctx(), k, func(old int64, ok bool) (int64, bool, error) {
		saw = results(old, ok)
		return old + v, keep, nil
	})
	want := int64(0)
	delete(x.want, k)
	if keep {
		want = was + v
		x.want[k] = want
	}
	x.check(err, results(saw, got), results(results(was, had), want), "Update(%q, +%d, keep %t)", k, v, keep)
}

var errRefused = errors.New("refused by the test's function")

func (x *mapOps) updateFails() {
	m, k, v := x.pick()
	got, err := m.Update(x.ctx(), k, func(int64, bool) (int64, bool, error) { return v, true, errRefused })
	x.check(nil, results(got, errors.Is(err, errRefused)), results(int64(0), true), "Update(%q) that fails", k)
}

func (x *mapOps) delete() {
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
	x.check(err, n, want, "Delete(%q)", ks)
}

func (x *mapOps) random() {
	m, _, _ := x.pick()
	n := oneOf(x.model, x.rng.IntN(9)-1, math.MaxInt)
	got, err := m.Random(x.ctx(), n)
	seen := collect(got)
	for k, v := range seen {
		if want, ok := x.want[k]; !ok || want != v {
			x.check(nil, seen, x.want, "Random(%d) with %q", n, k)
		}
	}
	want := max(0, min(n, len(x.want)))
	x.check(err, results(len(got), len(seen)), results(want, want), "Random(%d)", n)
}

func (x *mapOps) all() {
	m, _, _ := x.pick()
	got, err := drain(m.All(x.ctx()))
	x.check(err, collect(got), x.want, "All()")
}

func (x *mapOps) keys() {
	m, _, _ := x.pick()
	got, err := drain(m.Keys(x.ctx()))
	slices.Sort(got)
	x.check(err, slices.Compact(got), slices.Sorted(maps.Keys(x.want)), "Keys()")
}

func (x *mapOps) values() {
	m, _, _ := x.pick()
	got, err := drain(m.Values(x.ctx()))
	slices.Sort(got) // such a small hash is read in one page, each entry once
	x.check(err, got, slices.Sorted(maps.Values(x.want)), "Values()")
}

func (x *mapOps) snapshot() {
	m, _, _ := x.pick()
	got, err := m.Snapshot(x.ctx())
	x.check(err, got, x.want, "Snapshot()")
}

func (x *mapOps) add() {
	m, k, v := x.pick()
	sum, err := collections.Add(x.ctx(), m, k, v)
	x.want[k] += v
	x.check(err, sum, x.want[k], "Add(%q, %d)", k, v)
}

func (x *mapOps) exists() {
	m, _, _ := x.pick()
	ok, err := m.Exists(x.ctx())
	x.check(err, ok, len(x.want) > 0, "Exists()")
}

func (x *mapOps) clear() {
	if !x.chance(4) {
		return // rarely, so that the map is not always empty
	}
	m, _, _ := x.pick()
	clear(x.want)
	x.check(m.Clear(x.ctx()), nil, nil, "Clear()")
}
