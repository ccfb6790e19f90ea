package rights_test

import (
	"context"
	"maps"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

func (e *env) readMap() {
	requireNoErr(e, collections.NewMap[string, int](e.admin, e.name).Set(e.ctx(), "a", 1))
	m := collections.NewMap[string, int](e.rdb, e.name)
	e.record(second(m.Get(e.ctx(), "a")))
	e.record(first(m.GetMany(e.ctx(), "a", "b")))
	e.record(first(m.Has(e.ctx(), "a")))
	e.record(first(m.Len(e.ctx())))
	e.record(first(m.Random(e.ctx(), 1)))
	e.record(first(m.Snapshot(e.ctx())))
	e.record(first(desir.Collect(m.All(e.ctx()))))
	e.record(first(desir.Collect(m.Keys(e.ctx()))))
	e.record(first(desir.Collect(m.Values(e.ctx()))))
	if e.hasCommand("hpttl") {
		e.record(second(m.TTLOf(e.ctx(), "a")))
	}
	e.readCommon(m)
}

func (e *env) writeMap() {
	m := collections.NewMap[string, int](e.rdb, e.name)
	floats := collections.NewMap[string, float64](e.rdb, e.name)
	small := collections.NewMap[string, int8](e.rdb, e.name)
	e.record(m.Set(e.ctx(), "a", 1))
	e.record(m.SetMany(e.ctx(), map[string]int{"a": 1, "b": 2}))
	e.record(first(m.Insert(e.ctx(), maps.All(map[string]int{"a": 1, "b": 2}))))
	e.record(first(m.SetIfAbsent(e.ctx(), "a", 1)))
	e.record(second(m.Swap(e.ctx(), "a", 1)))
	e.record(second(m.LoadOrStore(e.ctx(), "c", 1)))
	e.record(second(m.LoadAndDelete(e.ctx(), "c")))
	e.record(first(m.CompareAndSwap(e.ctx(), "a", 1, 2)))
	e.record(first(m.CompareAndDelete(e.ctx(), "a", 2)))
	e.record(first(m.Update(e.ctx(), "a", func(int, bool) (int, bool, error) { return 1, true, nil })))
	e.record(first(m.Update(e.ctx(), "a", func(int, bool) (int, bool, error) { return 0, false, nil })))
	e.record(first(m.Update(e.ctx(), "d", func(int, bool) (int, bool, error) { return 0, true, nil })))
	e.record(first(collections.Add(e.ctx(), m, "a", 1)))
	e.record(first(collections.Add(e.ctx(), small, "a", 1)))
	e.record(first(collections.Add(e.ctx(), floats, "a", 1)))
	e.record(first(m.Delete(e.ctx(), "a")))
	if e.hasCommand("hpexpire") {
		e.record(m.SetTTL(e.ctx(), "a", 1, time.Hour))
		e.record(first(m.ExpireKey(e.ctx(), time.Hour, "a")))
	}
	e.writeCommon(m)
}

func (e *env) readSet() {
	requireNoErr(e, first(collections.NewSet[int](e.admin, e.name).Add(e.ctx(), 1, 2)))
	s := collections.NewSet[int](e.rdb, e.name)
	e.record(first(s.Has(e.ctx(), 1)))
	e.record(first(s.HasMany(e.ctx(), 1, 2)))
	e.record(first(s.Len(e.ctx())))
	e.record(first(s.Random(e.ctx(), 1)))
	e.record(first(s.Snapshot(e.ctx())))
	e.record(first(s.Union(e.ctx(), s)))
	e.record(first(s.Diff(e.ctx(), s)))
	e.record(first(s.Intersect(e.ctx(), s)))
	e.record(first(s.IntersectLen(e.ctx(), 1, s)))
	e.record(first(desir.Collect(s.All(e.ctx()))))
	e.readCommon(s)
}

func (e *env) writeSet() {
	s := collections.NewSet[int](e.rdb, e.name)
	e.record(first(s.Add(e.ctx(), 1, 2, 3)))
	e.record(first(s.Remove(e.ctx(), 1)))
	e.record(second(s.Pop(e.ctx())))
	e.record(first(s.PopN(e.ctx(), 2)))
	e.record(first(s.Move(e.ctx(), s, 1)))
	e.record(first(s.StoreUnion(e.ctx(), s)))
	e.record(first(s.StoreDiff(e.ctx(), s)))
	e.record(first(s.StoreIntersect(e.ctx(), s)))
	e.writeCommon(s)
}

func (e *env) readSortedSet() {
	requireNoErr(e, first(collections.NewSortedSet[string](e.admin, e.name).Add(e.ctx(), "a", 1)))
	z := collections.NewSortedSet[string](e.rdb, e.name)
	e.record(second(z.Score(e.ctx(), "a")))
	e.record(second(z.Rank(e.ctx(), "a")))
	e.record(first(z.Len(e.ctx())))
	e.record(first(desir.Collect(z.All(e.ctx()))))
	for _, r := range e.ranges() {
		e.record(first(desir.Collect(z.Range(e.ctx(), r))))
	}
	e.readCommon(z)
}

func (e *env) ranges() (all []collections.Range) {
	for _, r := range []collections.Range{collections.ByRank(0, -1), collections.ByScore(0, 1), collections.ByLex("a", "b")} {
		all = append(all, r, r.Reverse(), r.Limit(1), r.Reverse().Limit(1))
	}
	return all
}

func (e *env) writeSortedSet() {
	z := collections.NewSortedSet[string](e.rdb, e.name)
	e.record(first(z.Add(e.ctx(), "a", 1)))
	e.record(first(z.AddMany(e.ctx(), collections.Scored[string]{Value: "b", Score: 2}, collections.Scored[string]{Value: "c", Score: 2})))
	e.record(first(z.AddMax(e.ctx(), "a", 1)))
	e.record(first(z.AddMin(e.ctx(), "a", 1)))
	e.record(first(z.AddScore(e.ctx(), "a", 1)))
	e.record(second(z.PopMax(e.ctx())))
	e.record(second(z.PopMin(e.ctx())))
	e.record(first(z.Remove(e.ctx(), "a")))
	for _, r := range e.ranges() {
		e.record(first(z.RemoveRange(e.ctx(), r)))
	}
	e.writeCommon(z)
}

func (e *env) readList() {
	requireNoErr(e, first(collections.NewList[int](e.admin, e.name).PushBack(e.ctx(), 1)))
	l := collections.NewList[int](e.rdb, e.name)
	e.record(second(l.At(e.ctx(), 0)))
	e.record(second(l.Index(e.ctx(), 1)))
	e.record(first(l.Slice(e.ctx(), 0, 1)))
	e.record(first(l.Len(e.ctx())))
	e.record(first(desir.Collect(l.All(e.ctx()))))
	e.record(first(desir.Collect(l.Backward(e.ctx()))))
	e.readCommon(l)
}

func (e *env) writeList() {
	l := collections.NewList[int](e.rdb, e.name)
	bounded := collections.NewList[int](e.rdb, e.name, collections.MaxLen(5))
	e.record(first(l.PushBack(e.ctx(), 1)))
	e.record(first(l.PushFront(e.ctx(), 1)))
	e.record(first(bounded.PushBack(e.ctx(), 1, 2, 3)))
	e.record(first(bounded.PushFront(e.ctx(), 1, 2, 3)))
	e.record(second(l.PopBack(e.ctx())))
	e.record(second(l.PopFront(e.ctx())))
	e.record(first(l.PopN(e.ctx(), 1)))
	e.record(second(l.Move(e.ctx(), collections.Front, l, collections.Back)))
	e.record(first(l.SetAt(e.ctx(), 0, 1)))
	e.record(first(l.InsertBefore(e.ctx(), 1, 2)))
	e.record(first(l.Remove(e.ctx(), 1, 1)))
	e.record(l.Trim(e.ctx(), 0, 5))
	e.writeCommon(l)
}

func (e *env) readValue() {
	requireNoErr(e, collections.NewValue[int](e.admin, e.name).Set(e.ctx(), 1))
	v := collections.NewValue[int](e.rdb, e.name)
	e.record(second(v.Get(e.ctx())))
	e.readCommon(v)
}

func (e *env) writeValue() {
	v := collections.NewValue[int](e.rdb, e.name)
	e.record(v.Set(e.ctx(), 1))
	e.record(v.SetTTL(e.ctx(), 1, time.Hour))
	e.record(first(v.SetIfAbsent(e.ctx(), 1)))
	e.record(second(v.Swap(e.ctx(), 1)))
	e.record(first(v.CompareAndSwap(e.ctx(), 1, 2)))
	e.record(first(v.Update(e.ctx(), func(int, bool) (int, bool, error) { return 1, true, nil })))
	e.record(first(v.Update(e.ctx(), func(int, bool) (int, bool, error) { return 1, false, nil })))
	e.record(first(v.Delete(e.ctx())))
	e.writeCommon(v)
}

// readCommon calls the reading methods that every object has.
func (e *env) readCommon(o interface {
	Exists(ctx context.Context) (bool, error)
	TTL(ctx context.Context) (time.Duration, bool, error)
},
) {
	e.record(first(o.Exists(e.ctx())))
	e.record(second(o.TTL(e.ctx())))
}

// writeCommon calls the writing methods that every object has.
func (e *env) writeCommon(o interface {
	Expire(ctx context.Context, d time.Duration) (bool, error)
	ExpireAt(ctx context.Context, at time.Time) (bool, error)
	Persist(ctx context.Context) (bool, error)
	Clear(ctx context.Context) error
},
) {
	e.record(first(o.Expire(e.ctx(), time.Hour)))
	e.record(first(o.ExpireAt(e.ctx(), time.Now().Add(time.Hour))))
	e.record(first(o.Persist(e.ctx())))
	e.record(o.Clear(e.ctx()))
}

// requireNoErr stops the test if the other side, which has all rights, fails.
func requireNoErr(e *env, err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}
