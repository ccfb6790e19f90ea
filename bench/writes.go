package main

import (
	"context"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

// sets are the goals of Map.Set.
func (w *world) sets() []goal {
	m := collections.NewMap[string, string](w.rdb, "written")
	one := func(callers int, must float64) goal {
		return goal{
			name: "G7", work: "Map.Set", callers: callers, must: must, peerName: "rueidis HSET",
			desir: func(ctx context.Context, g, i int) error { return m.Set(ctx, w.name(g, i), text) },
			peer: func(ctx context.Context, g, i int) error {
				return w.rueidis.Do(ctx, w.rueidis.B().Hset().Key("written").FieldValue().FieldValue(w.name(g, i), text).Build()).Error()
			},
		}
	}
	return []goal{one(256, 1.8), one(1024, 1.5)}
}

// counters are the goals of Counter.Next.
func (w *world) counters() []goal {
	c := counter.New(w.rdb, "counter")
	one := func(callers int, must float64) goal {
		return goal{
			name: "G8", work: "Counter.Next", callers: callers, must: must, peerName: "rueidis INCR",
			desir: func(ctx context.Context, _, _ int) error {
				_, err := c.Next(ctx)
				return err
			},
			peer: func(ctx context.Context, _, _ int) error {
				return w.rueidis.Do(ctx, w.rueidis.B().Incr().Key("counter:peer").Build()).Error()
			},
		}
	}
	return []goal{one(256, 3.5), one(1024, 2.5)}
}
