package main

import (
	"context"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

// pools are the goals that compare operations with the same command through
// go-redis' pool.
func (w *world) pools() []goal {
	ctx := context.Background()
	m := collections.NewMap[string, string](w.rdb, "strings")
	s := collections.NewSet[string](w.rdb, "set")
	l := collections.NewList[string](w.rdb, "list")
	v := collections.NewValue[string](w.rdb, "value")
	c := counter.New(w.rdb, "counter")
	if _, err := s.Add(ctx, w.names[:1000]...); err != nil {
		panic(err)
	}
	one := func(work, command string, desir, peer op) goal {
		return goal{name: "G9", work: work, callers: 256, must: 4, peerName: "go-redis pool " + command, desir: desir, peer: peer}
	}
	return []goal{
		one("Map.Get", "HGET", func(ctx context.Context, g, i int) error {
			_, _, err := m.Get(ctx, w.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return w.pool.HGet(ctx, "strings", w.name(g, i)).Err() }),
		one("Map.Set", "HSET", func(ctx context.Context, g, i int) error { return m.Set(ctx, w.name(g, i), text) },
			func(ctx context.Context, g, i int) error {
				return w.pool.HSet(ctx, "strings", w.name(g, i), text).Err()
			}),
		one("Map.Has", "HEXISTS", func(ctx context.Context, g, i int) error {
			_, err := m.Has(ctx, w.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return w.pool.HExists(ctx, "strings", w.name(g, i)).Err() }),
		one("Map.Swap", "HGET", func(ctx context.Context, g, i int) error {
			_, _, err := m.Swap(ctx, w.name(g, i), text)
			return err
		}, func(ctx context.Context, g, i int) error { return w.pool.HGet(ctx, "strings", w.name(g, i)).Err() }),
		one("Set.Has", "SISMEMBER", func(ctx context.Context, g, i int) error {
			_, err := s.Has(ctx, w.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return w.pool.SIsMember(ctx, "set", w.name(g, i)).Err() }),
		one("Set.Add", "SADD", func(ctx context.Context, g, i int) error {
			_, err := s.Add(ctx, w.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return w.pool.SAdd(ctx, "set", w.name(g, i)).Err() }),
		one("List.PushBack, PopFront", "RPUSH, LPOP", func(ctx context.Context, _, i int) error {
			if i%2 == 0 {
				_, err := l.PushBack(ctx, text)
				return err
			}
			_, _, err := l.PopFront(ctx)
			return err
		}, func(ctx context.Context, _, i int) error {
			if i%2 == 0 {
				return w.pool.RPush(ctx, "list:peer", text).Err()
			}
			_ = w.pool.LPop(ctx, "list:peer").Err() // empty at times
			return nil
		}),
		one("Value.Get", "GET", func(ctx context.Context, _, _ int) error {
			_, _, err := v.Get(ctx)
			return err
		}, func(ctx context.Context, _, _ int) error {
			_ = w.pool.Get(ctx, "value").Err() // a miss
			return nil
		}),
		one("Counter.Next", "INCR", func(ctx context.Context, _, _ int) error {
			_, err := c.Next(ctx)
			return err
		}, func(ctx context.Context, _, _ int) error { return w.pool.Incr(ctx, "counter:peer").Err() }),
	}
}
