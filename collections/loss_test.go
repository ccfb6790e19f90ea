package collections_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// TestLostReplies loses replies of a server and of a cluster.
func TestLostReplies(t *testing.T) {
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
		open := func() redis.UniversalClient {
			return s.Client(t, func(o *redis.Options) { o.Dialer, o.PoolSize, o.ReadTimeout = p.Dialer(), 100, time.Second })
		}
		conformance.LostReplies(t, p, open, s.Client(t), conformance.Collections()...)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c, p := redistest.StartCluster(t, 0), redistest.NewProxy(t, "")
		open := func() redis.UniversalClient {
			return c.Client(t, func(o *redis.ClusterOptions) { o.Dialer, o.PoolSize, o.ReadTimeout = p.Dialer(), 100, time.Second })
		}
		conformance.LostReplies(t, p, open, c.Client(t), conformance.Collections()...)
	})
}

// TestSilence stops the network under every call.
func TestSilence(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.PoolSize, o.ReadTimeout = p.Addr(), 100, 20*time.Second })
	conformance.Silence(t, p, rdb, conformance.Collections()...)
}
