package conformance

import (
	"fmt"
	"math"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// List tests collections.List on a backend.
func List(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", listModel},
		failures(listSubject()),
		failures(ringSubject()),
		costs(listSubject()),
		costs(ringSubject()),
		part{"Costs", listCosts},
		part{"Undecodable", listUndecodable},
		part{"CrossSlot", listsCrossSlot},
		part{"Bound", boundElements},
		part{"Walks", listWalks},
		part{"PopRaces", popRaces},
		part{"Bounds", ringBounds},
	)
}

// listModel makes random calls to two handles each of a list and of a ring.
func listModel(t *testing.T, r *redistest.Redis) {
	x := &listOps{model: newModel(t)}
	other := otherProtocolClient(t, r)
	for i, opts := range [][]collections.Option{nil, {collections.MaxLen(ringLen)}} {
		at := tagged(t, r, oneOf(x.model, "jobs", "log")+string(rune('0'+i)))
		x.handles[i] = [2]*words{
			collections.NewList[string](r.Client, at, opts...),
			collections.NewList[string](other, at, opts...),
		}
	}
	x.runRandom(800,
		x.pushBack, x.pushFront, x.pushBack, x.pushFront, x.popFront, x.popBack, x.popN,
		x.at, x.setAt, x.slice, x.index, x.remove, x.insertBefore, x.trim, x.move,
		x.length, x.all, x.backward, x.clear)
}

// ringBounds uses lists whose MaxLen is never reached, or is one.
func ringBounds(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, bound := range []int{1, 2, 1 << 31, 1 << 53, 1e17, math.MaxInt} {
		l := collections.NewList[string](r.Client, name(t, r, fmt.Sprint("ring", bound)), collections.MaxLen(bound))
		n, err := l.PushBack(ctx, "a", "b")
		equal(t, "PushBack", results(n, err), results(min(2, bound), nil))
		n, err = l.PushFront(ctx, "c")
		equal(t, "PushFront", results(n, err), results(min(3, bound), nil))
		all, err := l.Slice(ctx, 0, -1)
		want := map[int][]string{1: {"c"}, 2: {"c", "a"}}[bound]
		if want == nil {
			want = []string{"c", "a", "b"}
		}
		equal(t, "Slice", results(all, err), results(want, nil))
	}
}
