package main

import (
	"context"
	"fmt"

	"github.com/desir-go/desir/collections"
)

// gets are the goals of Map.Get.
func (w *world) gets() []goal {
	m := collections.NewMap[string, string](w.rdb, "strings")
	get := func(ctx context.Context, g, i int) error {
		_, _, err := m.Get(ctx, w.name(g, i))
		return err
	}
	one := func(name string, callers int, cancelable bool, must float64) goal {
		work := "Map.Get"
		if cancelable {
			work += ", contexts that can end"
		}
		return goal{
			name: name, work: work, callers: callers, cancelable: cancelable,
			desir: get, peer: w.rueidisGet("strings"), peerName: "rueidis HGET", must: must,
		}
	}
	all := []goal{
		one("G1", 256, false, 2.0), one("G1", 256, true, 1.9),
		one("G2", 1024, false, 1.7), one("G2", 1024, true, 1.6),
		one("G3", 16, false, 1.0), one("G3", 16, true, 1.0),
		one("G4", 1, false, 0.85), one("G4", 1, true, 0.85),
	}
	for _, tt := range []struct {
		maps int
		must float64
	}{{16, 1.5}, {256, 1.3}, {4096, 1.25}} {
		all = append(all, w.spread(tt.maps, tt.must))
	}
	return all
}

func (w *world) rueidisGet(key string) op {
	return func(ctx context.Context, g, i int) error {
		_, err := w.rueidis.Do(ctx, w.rueidis.B().Hget().Key(key).Field(w.name(g, i)).Build()).ToString()
		return err
	}
}

// spread has the callers read from n maps.
func (w *world) spread(n int, must float64) goal {
	keys := make([]string, n)
	maps := make([]*collections.Map[string, string], n)
	for i := range maps {
		keys[i] = fmt.Sprintf("map:%d:%d", n, i)
		maps[i] = collections.NewMap[string, string](w.rdb, keys[i])
		if err := maps[i].Set(context.Background(), w.names[0], text); err != nil {
			panic(err)
		}
	}
	at := func(g, i int) int { return (g*7919 + i*31) % n }
	return goal{
		name: "G1b", work: fmt.Sprintf("Map.Get over %d maps", n), callers: 256, must: must, peerName: "rueidis HGET",
		desir: func(ctx context.Context, g, i int) error {
			_, _, err := maps[at(g, i)].Get(ctx, w.names[0])
			return err
		},
		peer: func(ctx context.Context, g, i int) error {
			_, err := w.rueidis.Do(ctx, w.rueidis.B().Hget().Key(keys[at(g, i)]).Field(w.names[0]).Build()).ToString()
			return err
		},
	}
}

// structs are the goals of Map.Get of a struct; the peer does not decode.
func (w *world) structs() []goal {
	m := collections.NewMap[string, user](w.rdb, "users")
	return []goal{{
		name: "G6", work: "Map.Get of a struct", callers: 256, must: 1.5, peerName: "rueidis HGET, undecoded",
		desir: func(ctx context.Context, g, i int) error {
			_, _, err := m.Get(ctx, w.name(g, i))
			return err
		},
		peer: w.rueidisGet("users"),
	}}
}
