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

// nodes has the batchers of each node of a client. Calls to one node share batches, and
// do not wait for other nodes.
type nodes struct {
	newNode func() *nodeBatchers
	// nodeOf returns the node that holds key, or nil if the client does not know it yet.
	// It does not use the network. The function is nil if there is only one node.
	nodeOf func(ctx context.Context, key string) *redis.Client
	single *nodeBatchers

	mu     sync.Mutex
	byAddr atomic.Pointer[map[string]*nodeBatchers]
}

// nodeBatchers has the batchers of one node. Reads and writes have separate pipelines,
// since go-redis does not retry a pipeline that contains a command without retries.
// Merged scripts and asynchronous writes have batchers that coalesce: a run of a script
// costs more than what it carries, and no caller waits for the reply of an asynchronous
// write.
type nodeBatchers struct{ reads, writes, scripts, asyncs *batch.Batcher }

// slowBatch is the time in flight after which a coalescing batcher sends another batch.
const slowBatch = 3 * time.Millisecond

// newNodes returns the nodes of s. It returns nil for a client of a type that does not
// name its nodes: a pipeline through such a client might wait for a node that some of its
// calls do not need. An AutoPipeliner also batches by itself.
func newNodes(s *client) *nodes {
	n := &nodes{newNode: func() *nodeBatchers {
		return &nodeBatchers{
			reads:   batch.New(s.readAll, 0, &s.abandoned),
			writes:  batch.New(s.writeAll, abandonGrace, &s.abandoned),
			scripts: batch.New(s.writeAll, abandonGrace, &s.abandoned).Coalesce(slowBatch),
			asyncs:  batch.New(s.writeAll, 0, &s.abandoned).Coalesce(slowBatch),
		}
	}}
	switch rdb := s.rdb.(type) {
	case *redis.Client:
		n.single = n.newNode()
	case *redis.ClusterClient:
		n.nodeOf = func(ctx context.Context, key string) *redis.Client {
			if !s.slotsLoaded.Load() {
				return nil // the client would load its map now and ignore ctx
			}
			node, _ := rdb.MasterForKey(ctx, key)
			return node
		}
	case *redis.Ring:
		n.nodeOf = func(_ context.Context, key string) *redis.Client {
			node, _ := rdb.GetShardClientForKey(key)
			return node
		}
	default:
		return nil
	}
	return n
}

// of returns the batchers of the node that holds key, or nil.
func (n *nodes) of(ctx context.Context, key string) *nodeBatchers {
	if n.single != nil {
		return n.single
	}
	node := n.nodeOf(ctx, key)
	if node == nil {
		return nil
	}
	addr := node.Options().Addr
	if all := n.byAddr.Load(); all != nil {
		if found := (*all)[addr]; found != nil {
			return found
		}
	}
	return n.add(addr)
}

func (n *nodes) add(addr string) *nodeBatchers {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[string]*nodeBatchers{}
	if old := n.byAddr.Load(); old != nil {
		if found := (*old)[addr]; found != nil {
			return found
		}
		maps.Copy(all, *old)
	}
	all[addr] = n.newNode()
	n.byAddr.Store(&all)
	return all[addr]
}
