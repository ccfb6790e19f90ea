package conformance

import (
	"slices"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

func setUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at, to := tagged(t, r, "s"), tagged(t, r, "to")
	s, empty := collections.NewSet[int](r.Client, at), collections.NewSet[int](r.Client, to)
	fill := func() { must(t, r.Raw().SAdd(ctx, at, "1", marker, "3").Err()) }
	fill()
	for op, call := range map[string]func() ([]int, error){
		"Snapshot":  func() ([]int, error) { return s.Snapshot(ctx) },
		"Random":    func() ([]int, error) { return s.Random(ctx, 3) },
		"Union":     func() ([]int, error) { return s.Union(ctx, empty) },
		"Intersect": func() ([]int, error) { return s.Intersect(ctx) },
		"Diff":      func() ([]int, error) { return s.Diff(ctx, empty) },
	} {
		ms, err := call()
		slices.Sort(ms)
		equal(t, op, ms, []int{1, 3})
		checkDecodeError(t, err, "collections.Set."+op, at, "")
	}
	walked, bad := drainWithErrors(s.All(ctx))
	slices.Sort(walked)
	equal(t, "All", walked, []int{1, 3})
	checkOneDecodeError(t, bad, "collections.Set.All", at, "")
	ms, err := s.PopN(ctx, 3)
	slices.Sort(ms)
	equal(t, "PopN", ms, []int{1, 3})
	checkDecodeError(t, err, "collections.Set.PopN", at, "")
	must(t, r.Raw().SAdd(ctx, at, marker).Err())
	m, ok, err := s.Pop(ctx)
	equal(t, "Pop", results(m, ok), results(0, false))
	checkDecodeError(t, err, "collections.Set.Pop", at, "")
	equal(t, "the set", r.Raw().SCard(ctx, at).Val(), int64(0))
}

func listUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at, to := tagged(t, r, "l"), tagged(t, r, "to")
	l, other := collections.NewList[int](r.Client, at), collections.NewList[int](r.Client, to)
	fill := func(vs ...any) {
		must(t, r.Raw().Del(ctx, at, to).Err())
		must(t, r.Raw().RPush(ctx, at, vs...).Err())
	}
	fill("1", marker, "3")
	v, ok, err := l.At(ctx, 1)
	equal(t, "At", results(v, ok), results(0, false))
	checkDecodeError(t, err, "collections.List.At", at, "")
	vs, err := l.Slice(ctx, 0, -1)
	equal(t, "Slice", vs, []int{1, 3})
	checkDecodeError(t, err, "collections.List.Slice", at, "")
	walked, bad := drainWithErrors(l.All(ctx))
	equal(t, "All", walked, []int{1, 3})
	checkOneDecodeError(t, bad, "collections.List.All", at, "")
	walked, bad = drainWithErrors(l.Backward(ctx))
	equal(t, "Backward", walked, []int{3, 1})
	checkOneDecodeError(t, bad, "collections.List.Backward", at, "")
	vs, err = l.PopN(ctx, 3)
	equal(t, "PopN", vs, []int{1, 3})
	checkDecodeError(t, err, "collections.List.PopN", at, "")
	for op, call := range map[string]func() (int, bool, error){
		"PopFront": func() (int, bool, error) { return l.PopFront(ctx) },
		"PopBack":  func() (int, bool, error) { return l.PopBack(ctx) },
		"Move":     func() (int, bool, error) { return l.Move(ctx, collections.Front, other, collections.Back) },
	} {
		fill(marker)
		v, ok, err := call()
		equal(t, op, results(v, ok), results(0, false))
		checkDecodeError(t, err, "collections.List."+op, at, "")
		equal(t, "the list after "+op, r.Raw().LLen(ctx, at).Val(), int64(0))
	}
}
