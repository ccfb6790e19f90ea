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

// lanes has a lane for each node of a client. Calls to one node share batches, and do not
// wait for other nodes.
type lanes struct {
	make func() *lane
	// node returns the node that holds key, or nil if the client does not know it yet. It
	// does not use the network. The function is nil if there is only one node.
	node func(ctx context.Context, key string) *redis.Client
	only *lane

	mu     sync.Mutex
	byAddr atomic.Pointer[map[string]*lane]
}

// lane has the batchers of one node. Reads and writes have separate pipelines, since
// go-redis does not retry a pipeline that contains a command without retries. Merged
// scripts and posts have batchers that coalesce: a run of a script costs more than what it
// carries, and no caller waits for the reply of a post.
type lane struct{ reads, writes, scripts, posts *batch.Batcher }

// slowBatch is the time in flight after which a coalescing batcher sends another batch.
const slowBatch = 3 * time.Millisecond

// newLanes returns the lanes of s. It returns nil for a client of a type that does not name
// its nodes: a pipeline through such a client might wait for a node that some of its calls
// do not need. An AutoPipeliner also batches by itself.
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
				return nil // the client would load its map now and ignore ctx
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
