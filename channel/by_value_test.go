package channel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestReceiversOfAWrappedClient starts more receivers than the pool has connections, through a
// client that is wrapped by value, and checks that other calls still work.
func TestReceiversOfAWrappedClient(t *testing.T) {
	type wrapped struct{ redis.UniversalClient }
	s := redistest.StartServer(t)
	rdb := wrapped{s.Client(t, func(o *redis.Options) { o.PoolSize, o.PoolTimeout = 10, 100*time.Millisecond })}
	waiting, stop := context.WithCancel(ctx)
	var receiving sync.WaitGroup
	for i := range 50 {
		c := channel.NewChan[int](rdb, fmt.Sprint("c", i))
		receiving.Go(func() {
			if _, err := c.Recv(waiting); !errors.Is(err, context.Canceled) {
				t.Errorf("Recv: %v", err)
			}
		})
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return blockedClients(s.Client(t)) > 0 }, "receivers wait")
	m := collections.NewMap[string, int](rdb, "m")
	for i := range 20 {
		if err := m.Set(ctx, "k", i); err != nil {
			t.Errorf("Set beside 50 receivers: %v", err)
		}
	}
	stop()
	receiving.Wait()
}
