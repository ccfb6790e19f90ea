package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// setsCrossSlot names sets that one command cannot name together.
func setsCrossSlot(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	mine, other := twoSlots(r)
	calls := func(a, b *collections.Set[string]) map[string]func(context.Context) error {
		return map[string]func(context.Context) error{
			"Move":           func(ctx context.Context) error { return second(a.Move(ctx, b, "m")) },
			"Union":          func(ctx context.Context) error { return second(a.Union(ctx, a, b)) },
			"Intersect":      func(ctx context.Context) error { return second(a.Intersect(ctx, b)) },
			"Diff":           func(ctx context.Context) error { return second(a.Diff(ctx, b)) },
			"IntersectLen":   func(ctx context.Context) error { return second(a.IntersectLen(ctx, 0, b)) },
			"StoreUnion":     func(ctx context.Context) error { return second(a.StoreUnion(ctx, b)) },
			"StoreIntersect": func(ctx context.Context) error { return second(a.StoreIntersect(ctx, a, b)) },
			"StoreDiff":      func(ctx context.Context) error { return second(a.StoreDiff(ctx, b)) },
		}
	}
	a := collections.NewSet[string](rdb, mine)
	crossSlot := collections.NewSet[string](rdb, other)
	otherClient := collections.NewSet[string](r.NewClient(t), mine)
	checkOtherRefused(t, r, rdb, "collections.Set.", mine, calls(a, crossSlot), calls(a, otherClient), calls(a, nil), calls(a, new(collections.Set[string])))
	if r.IsCluster() {
		return
	}
	for op, call := range calls(a, crossSlot) { // two slots matter only on a cluster
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func listsCrossSlot(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	mine, other := twoSlots(r)
	calls := func(a, b *collections.List[string]) map[string]func(context.Context) error {
		return map[string]func(context.Context) error{
			"Move": func(ctx context.Context) error { return third(a.Move(ctx, collections.Front, b, collections.Back)) },
		}
	}
	l := collections.NewList[string](rdb, mine)
	crossSlot := collections.NewList[string](rdb, other)
	otherClient := collections.NewList[string](r.NewClient(t), mine)
	checkOtherRefused(t, r, rdb, "collections.List.", mine, calls(l, crossSlot), calls(l, otherClient), calls(l, nil), calls(l, new(collections.List[string])))
}

// twoSlots returns names in two different slots.
func twoSlots(r *redistest.Redis) (string, string) { return r.TagKey("{a}x"), r.Key("{b}x") }

type callsByOp map[string]func(context.Context) error

// checkOtherRefused makes calls whose two objects are in different slots or have
// different clients, or whose second object is nil or zero.
func checkOtherRefused(t *testing.T, r *redistest.Redis, rdb client, typ, key string, crossSlot, otherClient, nilObject, zeroObject callsByOp) {
	t.Helper()
	trips := redistest.CountTrips(rdb)
	check := func(what string, calls callsByOp, want error) {
		t.Helper()
		for op, call := range calls {
			err := call(t.Context())
			outer, ok := err.(*desir.OpError)
			if !ok || outer.Op != typ+op || outer.Key != key || want != nil && !errors.Is(err, want) {
				t.Errorf("%s, %s: error %v, want %v", op, what, err, want)
			}
			if want == desir.ErrCrossSlot && !strings.Contains(err.Error(), "{tag}") {
				t.Errorf("%s, %s: error %v does not say what would help", op, what, err)
			}
		}
	}
	if r.IsCluster() {
		check("names of two slots", crossSlot, desir.ErrCrossSlot)
	}
	check("two clients", otherClient, desir.ErrNotSupported)
	check("a nil object", nilObject, nil)
	check("a zero object", zeroObject, desir.ErrNotSupported)
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips %q", n, trips.Commands())
	}
}

// otherWrongType moves an element to a key of another type. The element stays where it
// was.
func otherWrongType(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	from, to := tagged(t, r, "from"), tagged(t, r, "to")
	set, list := from+"s", from+"l"
	must(t, r.Raw().Set(ctx, to, marker, 0).Err())
	must(t, r.Raw().SAdd(ctx, set, "m").Err())
	must(t, r.Raw().RPush(ctx, list, "v").Err())
	s, l := collections.NewSet[string](r.Client, set), collections.NewList[string](r.Client, list)
	moved, err := s.Move(ctx, collections.NewSet[string](r.Client, to), "m")
	if moved || !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("Set.Move = %t, %v; want ErrWrongType", moved, err)
	}
	_, ok, err := l.Move(ctx, collections.Front, collections.NewList[string](r.Client, to), collections.Front)
	if ok || !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("List.Move = %t, %v; want ErrWrongType", ok, err)
	}
	bad := collections.NewSet[string](r.Client, to)
	for op, err := range map[string]error{
		"StoreUnion":     second(s.StoreUnion(ctx, s, bad)),
		"StoreIntersect": second(s.StoreIntersect(ctx, s, bad)),
		"StoreDiff":      second(s.StoreDiff(ctx, s, bad)),
		"Union":          second(s.Union(ctx, bad)),
		"IntersectLen":   second(s.IntersectLen(ctx, 0, bad)),
	} {
		if !errors.Is(err, desir.ErrWrongType) {
			t.Errorf("Set.%s: error %v, want ErrWrongType", op, err)
		}
	}
	equal(t, "the set", contents(t, r.Raw(), set), `set ["m"], expires: false`)
	equal(t, "the list", contents(t, r.Raw(), list), `list ["v"], expires: false`)
}
