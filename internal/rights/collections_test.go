package rights_test

import (
	"context"
	"maps"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

func (w *world) readMap() {
	must(w, collections.NewMap[string, int](w.admin, w.name).Set(w.ctx(), "a", 1))
	m := collections.NewMap[string, int](w.rdb, w.name)
	w.do(second(m.Get(w.ctx(), "a")))
	w.do(first(m.GetMany(w.ctx(), "a", "b")))
	w.do(first(m.Has(w.ctx(), "a")))
	w.do(first(m.Len(w.ctx())))
	w.do(first(m.Random(w.ctx(), 1)))
	w.do(first(m.Snapshot(w.ctx())))
	w.do(first(desir.Collect(m.All(w.ctx()))))
	w.do(first(desir.Collect(m.Keys(w.ctx()))))
	w.do(first(desir.Collect(m.Values(w.ctx()))))
	if w.knows("hpttl") {
		w.do(second(m.TTLOf(w.ctx(), "a")))
	}
	w.look(m)
}

func (w *world) writeMap() {
	m := collections.NewMap[string, int](w.rdb, w.name)
	floats := collections.NewMap[string, float64](w.rdb, w.name)
	small := collections.NewMap[string, int8](w.rdb, w.name)
	w.do(m.Set(w.ctx(), "a", 1))
	w.do(m.SetMany(w.ctx(), map[string]int{"a": 1, "b": 2}))
	w.do(first(m.Insert(w.ctx(), maps.All(map[string]int{"a": 1, "b": 2}))))
	w.do(first(m.SetIfAbsent(w.ctx(), "a", 1)))
	w.do(second(m.Swap(w.ctx(), "a", 1)))
	w.do(second(m.LoadOrStore(w.ctx(), "c", 1)))
	w.do(second(m.LoadAndDelete(w.ctx(), "c")))
	w.do(first(m.CompareAndSwap(w.ctx(), "a", 1, 2)))
	w.do(first(m.CompareAndDelete(w.ctx(), "a", 2)))
	w.do(first(m.Update(w.ctx(), "a", func(int, bool) (int, bool, error) { return 1, true, nil })))
	w.do(first(m.Update(w.ctx(), "a", func(int, bool) (int, bool, error) { return 0, false, nil })))
	w.do(first(m.Update(w.ctx(), "d", func(int, bool) (int, bool, error) { return 0, true, nil })))
	w.do(first(collections.Add(w.ctx(), m, "a", 1)))
	w.do(first(collections.Add(w.ctx(), small, "a", 1)))
	w.do(first(collections.Add(w.ctx(), floats, "a", 1)))
	w.do(first(m.Delete(w.ctx(), "a")))
	if w.knows("hpexpire") {
		w.do(m.SetTTL(w.ctx(), "a", 1, time.Hour))
		w.do(first(m.ExpireKey(w.ctx(), time.Hour, "a")))
	}
	w.change(m)
}

func (w *world) readSet() {
	must(w, first(collections.NewSet[int](w.admin, w.name).Add(w.ctx(), 1, 2)))
	s := collections.NewSet[int](w.rdb, w.name)
	w.do(first(s.Has(w.ctx(), 1)))
	w.do(first(s.HasMany(w.ctx(), 1, 2)))
	w.do(first(s.Len(w.ctx())))
	w.do(first(s.Random(w.ctx(), 1)))
	w.do(first(s.Snapshot(w.ctx())))
	w.do(first(s.Union(w.ctx(), s)))
	w.do(first(s.Diff(w.ctx(), s)))
	w.do(first(s.Intersect(w.ctx(), s)))
	w.do(first(s.IntersectLen(w.ctx(), 1, s)))
	w.do(first(desir.Collect(s.All(w.ctx()))))
	w.look(s)
}

func (w *world) writeSet() {
	s := collections.NewSet[int](w.rdb, w.name)
	w.do(first(s.Add(w.ctx(), 1, 2, 3)))
	w.do(first(s.Remove(w.ctx(), 1)))
	w.do(second(s.Pop(w.ctx())))
	w.do(first(s.PopN(w.ctx(), 2)))
	w.do(first(s.Move(w.ctx(), s, 1)))
	w.do(first(s.StoreUnion(w.ctx(), s)))
	w.do(first(s.StoreDiff(w.ctx(), s)))
	w.do(first(s.StoreIntersect(w.ctx(), s)))
	w.change(s)
}

func (w *world) readSortedSet() {
	must(w, first(collections.NewSortedSet[string](w.admin, w.name).Add(w.ctx(), "a", 1)))
	z := collections.NewSortedSet[string](w.rdb, w.name)
	w.do(second(z.Score(w.ctx(), "a")))
	w.do(second(z.Rank(w.ctx(), "a")))
	w.do(first(z.Len(w.ctx())))
	w.do(first(desir.Collect(z.All(w.ctx()))))
	for _, r := range w.ranges() {
		w.do(first(desir.Collect(z.Range(w.ctx(), r))))
	}
	w.look(z)
}

func (w *world) ranges() (all []collections.Range) {
	for _, r := range []collections.Range{collections.ByRank(0, -1), collections.ByScore(0, 1), collections.ByLex("a", "b")} {
		all = append(all, r, r.Reverse(), r.Limit(1), r.Reverse().Limit(1))
	}
	return all
}

func (w *world) writeSortedSet() {
	z := collections.NewSortedSet[string](w.rdb, w.name)
	w.do(first(z.Add(w.ctx(), "a", 1)))
	w.do(first(z.AddMany(w.ctx(), collections.Scored[string]{Value: "b", Score: 2}, collections.Scored[string]{Value: "c", Score: 2})))
	w.do(first(z.AddMax(w.ctx(), "a", 1)))
	w.do(first(z.AddMin(w.ctx(), "a", 1)))
	w.do(first(z.AddScore(w.ctx(), "a", 1)))
	w.do(second(z.PopMax(w.ctx())))
	w.do(second(z.PopMin(w.ctx())))
	w.do(first(z.Remove(w.ctx(), "a")))
	for _, r := range w.ranges() {
		w.do(first(z.RemoveRange(w.ctx(), r)))
	}
	w.change(z)
}

func (w *world) readList() {
	must(w, first(collections.NewList[int](w.admin, w.name).PushBack(w.ctx(), 1)))
	l := collections.NewList[int](w.rdb, w.name)
	w.do(second(l.At(w.ctx(), 0)))
	w.do(second(l.Index(w.ctx(), 1)))
	w.do(first(l.Slice(w.ctx(), 0, 1)))
	w.do(first(l.Len(w.ctx())))
	w.do(first(desir.Collect(l.All(w.ctx()))))
	w.do(first(desir.Collect(l.Backward(w.ctx()))))
	w.look(l)
}

func (w *world) writeList() {
	l := collections.NewList[int](w.rdb, w.name)
	ring := collections.NewList[int](w.rdb, w.name, collections.MaxLen(5))
	w.do(first(l.PushBack(w.ctx(), 1)))
	w.do(first(l.PushFront(w.ctx(), 1)))
	w.do(first(ring.PushBack(w.ctx(), 1, 2, 3)))
	w.do(first(ring.PushFront(w.ctx(), 1, 2, 3)))
	w.do(second(l.PopBack(w.ctx())))
	w.do(second(l.PopFront(w.ctx())))
	w.do(first(l.PopN(w.ctx(), 1)))
	w.do(second(l.Move(w.ctx(), collections.Front, l, collections.Back)))
	w.do(first(l.SetAt(w.ctx(), 0, 1)))
	w.do(first(l.InsertBefore(w.ctx(), 1, 2)))
	w.do(first(l.Remove(w.ctx(), 1, 1)))
	w.do(l.Trim(w.ctx(), 0, 5))
	w.change(l)
}

func (w *world) readValue() {
	must(w, collections.NewValue[int](w.admin, w.name).Set(w.ctx(), 1))
	v := collections.NewValue[int](w.rdb, w.name)
	w.do(second(v.Get(w.ctx())))
	w.look(v)
}

func (w *world) writeValue() {
	v := collections.NewValue[int](w.rdb, w.name)
	w.do(v.Set(w.ctx(), 1))
	w.do(v.SetTTL(w.ctx(), 1, time.Hour))
	w.do(first(v.SetIfAbsent(w.ctx(), 1)))
	w.do(second(v.Swap(w.ctx(), 1)))
	w.do(first(v.CompareAndSwap(w.ctx(), 1, 2)))
	w.do(first(v.Update(w.ctx(), func(int, bool) (int, bool, error) { return 1, true, nil })))
	w.do(first(v.Update(w.ctx(), func(int, bool) (int, bool, error) { return 1, false, nil })))
	w.do(first(v.Delete(w.ctx())))
	w.change(v)
}

// look calls the reading methods that every object has.
func (w *world) look(o interface {
	Exists(ctx context.Context) (bool, error)
	TTL(ctx context.Context) (time.Duration, bool, error)
},
) {
	w.do(first(o.Exists(w.ctx())))
	w.do(second(o.TTL(w.ctx())))
}

// change calls the writing methods that every object has.
func (w *world) change(o interface {
	Expire(ctx context.Context, d time.Duration) (bool, error)
	ExpireAt(ctx context.Context, at time.Time) (bool, error)
	Persist(ctx context.Context) (bool, error)
	Clear(ctx context.Context) error
},
) {
	w.do(first(o.Expire(w.ctx(), time.Hour)))
	w.do(first(o.ExpireAt(w.ctx(), time.Now().Add(time.Hour))))
	w.do(first(o.Persist(w.ctx())))
	w.do(o.Clear(w.ctx()))
}

// must stops the test if the other side, which has all rights, fails.
func must(w *world, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
