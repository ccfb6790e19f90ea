package conformance_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// TestStorm runs ten thousand goroutines with a client that batches calls, and some more
// with a client that does not.
func TestStorm(t *testing.T) {
	redistest.Slow(t)
	callers := 10_000
	if testing.Short() {
		callers = 1000
	}
	for _, tt := range []struct {
		name    string
		share   int // of the callers
		batched bool
	}{{"batched", 1, true}, {"unbatched", 5, false}} {
		t.Run("redis-server/"+tt.name, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
			rdb := s.Client(t, func(o *redis.Options) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second })
			conformance.Storm(t, p, rdb, s.Client(t), callers/tt.share, tt.batched)
		})
		t.Run("cluster/"+tt.name, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			c, p := redistest.StartCluster(t, 0), redistest.NewProxy(t, "")
			rdb := c.Client(t, func(o *redis.ClusterOptions) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second })
			conformance.Storm(t, p, rdb, c.Client(t), callers/4/tt.share, tt.batched)
		})
	}
}
