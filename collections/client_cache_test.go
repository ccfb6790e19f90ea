package collections_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestReadYourWritesWithAClientCache reads after each write through a client with a
// client-side cache. Every read must see the last write, also that of another client.
func TestReadYourWritesWithAClientCache(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	caching := s.Client(t, func(o *redis.Options) { o.Protocol, o.ClientSideCacheConfig = 3, &redis.ClientSideCacheConfig{} })
	other := s.Client(t)
	type object struct {
		name string
		set  func(context.Context, redis.UniversalClient, int) error
		get  func(context.Context) (int, error)
	}
	m, v := collections.NewMap[string, int](caching, "m"), collections.NewValue[int](caching, "v")
	l, n := collections.NewList[int](caching, "l"), counter.New(caching, "n")
	z := collections.NewSortedSet[string](caching, "z")
	if _, err := l.PushBack(ctx, 0); err != nil {
		t.Fatal(err)
	}
	for _, o := range []object{
		{
			"Map", func(ctx context.Context, rdb redis.UniversalClient, i int) error {
				return collections.NewMap[string, int](rdb, "m").Set(ctx, "k", i)
			},
			func(ctx context.Context) (int, error) { i, _, err := m.Get(ctx, "k"); return i, err },
		},
		{
			"Value", func(ctx context.Context, rdb redis.UniversalClient, i int) error {
				return collections.NewValue[int](rdb, "v").Set(ctx, i)
			},
			func(ctx context.Context) (int, error) { i, _, err := v.Get(ctx); return i, err },
		},
		{
			"List", func(ctx context.Context, rdb redis.UniversalClient, i int) error {
				_, err := collections.NewList[int](rdb, "l").SetAt(ctx, 0, i)
				return err
			},
			func(ctx context.Context) (int, error) { i, _, err := l.At(ctx, 0); return i, err },
		},
		{
			"Counter", func(ctx context.Context, rdb redis.UniversalClient, i int) error {
				return counter.New(rdb, "n").Set(ctx, int64(i))
			},
			func(ctx context.Context) (int, error) { i, err := n.Value(ctx); return int(i), err },
		},
		{
			"SortedSet", func(ctx context.Context, rdb redis.UniversalClient, i int) error {
				_, err := collections.NewSortedSet[string](rdb, "z").Add(ctx, "a", float64(i))
				return err
			},
			func(ctx context.Context) (int, error) { f, _, err := z.Score(ctx, "a"); return int(f), err },
		},
	} {
		for kind, ctx := range map[string]context.Context{"endless": ctx, "ending": redistest.Within(t, time.Minute)} {
			t.Run(fmt.Sprint(o.name, ", ", kind), func(t *testing.T) {
				for i := range 300 {
					by := redis.UniversalClient(caching)
					if i%2 == 1 {
						by = other
					}
					if err := o.set(ctx, by, i); err != nil {
						t.Fatal(err)
					}
					if got, err := o.get(ctx); err != nil || got != i {
						t.Fatalf("reads %d, %v, after %d was written", got, err, i)
					}
				}
			})
		}
	}
}
