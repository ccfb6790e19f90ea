package collections_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestRingClient uses a client that distributes keys over two servers.
func TestRingClient(t *testing.T) {
	t.Parallel()
	const n = 5000
	rdb := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{
		"a": redistest.StartServer(t).Addr,
		"b": redistest.StartServer(t).Addr,
	}})
	t.Cleanup(func() { _ = rdb.Close() })
	for i := range 6 { // enough keys to use both servers
		m := bigMap(t, rdb, fmt.Sprint("map ", i), n)
		walkAll(t, n, m.Keys(ctx), nil)
		if _, loaded, err := m.Swap(ctx, 1, 2); !loaded || err != nil {
			t.Errorf("Swap: %t, %v", loaded, err)
		}
	}
	a, b := collections.NewSet[int](rdb, "{s}a"), collections.NewSet[int](rdb, "{s}b")
	if _, err := a.Add(ctx, 1, 2); err != nil {
		t.Fatal(err)
	}
	if moved, err := a.Move(ctx, b, 1); !moved || err != nil {
		t.Errorf("Move: %t, %v", moved, err)
	}
	far := collections.NewSet[int](rdb, "{t}b")
	if _, err := a.Union(ctx, far); !errors.Is(err, desir.ErrCrossSlot) {
		t.Errorf("Union: %v, want ErrCrossSlot", err)
	}
}
