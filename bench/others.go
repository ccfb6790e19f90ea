package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// swap is a script that users of go-redis write instead of Map.Swap.
var swap = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return old`)

// others returns contests of further operations with the same command through the pool of
// go-redis.
func (w *env) others(s *scene) []contest {
	rdb, pool := w.client(), w.client()
	set := collections.NewSet[string](rdb, "set:added")
	list := collections.NewList[string](rdb, "list:ends")
	value := collections.NewValue[string](rdb, "value")
	miss := func(err error) error {
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	}
	one := func(work string, desir, run op) contest {
		return contest{work: work, callers: 256, desir: desir.loop(256), peers: []peer{{poolName, "G9", 4, run.loop(256)}}}
	}
	return []contest{
		one("Map.Has", func(ctx context.Context, g, i int) error {
			_, err := s.strings.Has(ctx, s.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return pool.HExists(ctx, "strings", s.name(g, i)).Err() }),
		one("Map.Swap, the peer's EVALSHA", func(ctx context.Context, g, i int) error {
			_, _, err := s.strings.Swap(ctx, s.name(g, i), text)
			return err
		}, func(ctx context.Context, g, i int) error {
			return miss(swap.Run(ctx, pool, []string{"strings"}, s.name(g, i), text).Err())
		}),
		one("Set.Add", func(ctx context.Context, g, i int) error {
			_, err := set.Add(ctx, s.name(g, i))
			return err
		}, func(ctx context.Context, g, i int) error { return pool.SAdd(ctx, "set:added", s.name(g, i)).Err() }),
		one("List.PushBack, PopFront", func(ctx context.Context, _, i int) error {
			if i%2 == 0 {
				_, err := list.PushBack(ctx, text)
				return err
			}
			_, _, err := list.PopFront(ctx)
			return err
		}, func(ctx context.Context, _, i int) error {
			if i%2 == 0 {
				return pool.RPush(ctx, "list:peer", text).Err()
			}
			return miss(pool.LPop(ctx, "list:peer").Err())
		}),
		one("Value.Get", func(ctx context.Context, _, _ int) error {
			_, _, err := value.Get(ctx)
			return err
		}, func(ctx context.Context, _, _ int) error { return miss(pool.Get(ctx, "value").Err()) }),
	}
}
