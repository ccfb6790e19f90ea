package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// Map tests collections.Map on a backend.
func Map(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", mapModel},
		part{"Bulk", mapBulk},
		part{"TTLs", mapTTLs},
		part{"Expired", mapExpired},
		failures(mapSubject()),
		failures(addSubject()),
		costs(mapSubject()),
		costs(addSubject()),
		part{"Costs", mapCosts},
		part{"Undecodable", mapUndecodable},
		part{"UndecodableKeys", mapUndecodableKeys},
		part{"Codecs", codecOptions},
		part{"CodecBytes", codecBytes},
		part{"Cyclic", refusesCyclic},
		part{"Bound", boundValues},
		part{"Exchanged", exchangedValues},
		part{"Limits", limits},
		part{"Options", badOptions},
		part{"Types", types},
		part{"Names", names},
		part{"Add", add},
		part{"AddFloats", addFloats},
		part{"AddRefusals", addRefusals},
		part{"Walks", mapWalks},
		part{"WalkDuringWrites", walkDuringWrites},
		part{"Races", mapRaces},
		part{"UpdateRaces", updateRaces},
		part{"OnlyOneWins", onlyOneWins},
	)
}

// mapBulk stores more entries and more bytes than fit one command.
func mapBulk(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	big := string(make([]byte, 100<<10)) // three of them fill a command
	for _, size := range []int{0, 1, 249, 250, 251, 499, 500, 501, 1000, 1001, 2600} {
		entries := map[string]string{}
		for i := range size {
			entries[fmt.Sprint(i)] = fmt.Sprint("v", i)
			if i%500 == 250 {
				entries[fmt.Sprint(i)] = big
			}
		}
		for how, store := range map[string]func(context.Context, *collections.Map[string, string]) error{
			"SetMany": func(ctx context.Context, m *collections.Map[string, string]) error { return m.SetMany(ctx, entries) },
			"Insert": func(ctx context.Context, m *collections.Map[string, string]) error {
				n, err := m.Insert(ctx, maps.All(entries))
				if n != size {
					t.Errorf("Insert of %d entries = %d", size, n)
				}
				return err
			},
		} {
			m := collections.NewMap[string, string](r.Client, name(t, r, fmt.Sprint(how, size)))
			must(t, store(ctx, m))
			if n, err := m.Len(ctx); n != size || err != nil {
				t.Errorf("%s of %d entries: Len() = %d, %v", how, size, n, err)
			}
			if got, err := m.Snapshot(ctx); !maps.Equal(got, entries) || err != nil {
				t.Errorf("%s of %d entries: Snapshot() has %d of them, %v", how, size, len(got), err)
			}
			if got, err := m.GetMany(ctx, slices.Collect(maps.Keys(entries))...); !maps.Equal(got, entries) || err != nil {
				t.Errorf("%s of %d entries: GetMany(all) has %d of them, %v", how, size, len(got), err)
			}
		}
	}
}

// mapModel makes the same random calls to two objects of one map and to a Go map.
func mapModel(t *testing.T, r *redistest.Redis) {
	x := &mapOps{model: newModel(t), want: map[string]int64{}}
	at := name(t, r, "stock")
	x.handles = []*collections.Map[string, int64]{
		collections.NewMap[string, int64](r.Client, at),
		collections.NewMap[string, int64](otherProtocolClient(t, r), at),
	}
	x.runRandom(600,
		x.get, x.getMany, x.has, x.length, x.set, x.setMany, x.insert, x.setNew, x.swap,
		x.loadOrStore, x.loadAndDelete, x.compareAndSwap, x.compareAndDelete,
		x.update, x.updateFails, x.delete, x.random, x.all, x.keys, x.values, x.snapshot,
		x.add, x.exists, x.clear)
}
