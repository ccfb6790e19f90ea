package send

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// lanes are the ways to the nodes of one client: what goes to one node leaves
// together, and waits for no other node.
type lanes struct {
	make func() *lane
	// node returns the node that holds key, without a word to the network, or
	// nil when the client does not know yet. It is nil where there is one node.
	node func(ctx context.Context, key string) *redis.Client
	only *lane

	mu     sync.Mutex
	byAddr atomic.Pointer[map[string]*lane]
}

// lane is the way to one node. Writes have a pipeline of their own: one command
// that is sent once keeps the client from sending its whole pipeline again. So have
// joint scripts, whose runs cost more than what they carry, and posts, for whose
// answers nobody waits: few large batches are best for both.
type lane struct{ reads, writes, scripts, posts *batch.Batcher }

// slowBatch is after which these do not wait for the batch under way.
const slowBatch = 3 * time.Millisecond

// newLanes returns the lanes of s, or nil for a client that does not name its
// nodes: a pipeline through it might wait for a node that some of its calls do
// not need, and an AutoPipeliner batches by itself.
func newLanes(s *client) *lanes {
	l := &lanes{make: func() *lane {
		return &lane{
			reads:   batch.New(s.readAll, 0, &s.left),
			writes:  batch.New(s.writeAll, verdict, &s.left),
			scripts: batch.New(s.writeAll, verdict, &s.left).Coalesce(slowBatch),
			posts:   batch.New(s.writeAll, 0, &s.left).Coalesce(slowBatch),
		}
	}}
	switch rdb := s.rdb.(type) {
	case *redis.Client:
		l.only = l.make()
	case *redis.ClusterClient:
		l.node = func(ctx context.Context, key string) *redis.Client {
			if !s.mapped.Load() {
				return nil // it would ask for its map now, and not look at ctx
			}
			node, _ := rdb.MasterForKey(ctx, key)
			return node
		}
	case *redis.Ring:
		l.node = func(_ context.Context, key string) *redis.Client {
			node, _ := rdb.GetShardClientForKey(key)
			return node
		}
	default:
		return nil
	}
	return l
}

// of returns the lane to the node that holds key, or nil.
func (l *lanes) of(ctx context.Context, key string) *lane {
	if l.only != nil {
		return l.only
	}
	node := l.node(ctx, key)
	if node == nil {
		return nil
	}
	addr := node.Options().Addr
	if all := l.byAddr.Load(); all != nil {
		if found := (*all)[addr]; found != nil {
			return found
		}
	}
	return l.add(addr)
}

func (l *lanes) add(addr string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]*lane{}
	if old := l.byAddr.Load(); old != nil {
		if found := (*old)[addr]; found != nil {
			return found
		}
		maps.Copy(all, *old)
	}
	all[addr] = l.make()
	l.byAddr.Store(&all)
	return all[addr]
}
