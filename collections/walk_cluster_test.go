package collections_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestWalkWithReplicaReads iterates through clients that read from replicas. Each
// node's hash table has another seed, so a cursor is valid on one node only.
func TestWalkWithReplicaReads(t *testing.T) {
	t.Parallel()
	const n = 20_000
	c := redistest.StartCluster(t, 1)
	bigMap(t, c.Client(t), "map", n)
	for name, choose := range readFromReplicas() {
		t.Run(name, func(t *testing.T) {
			m := collections.NewMap[int, int](c.Client(t, choose), "map")
			for range 3 {
				walkAll(t, n, m.Keys(ctx), nil)
			}
		})
	}
}

// readFromReplicas returns the options of clients that read from replicas. RouteByLatency
// is absent under the race detector: go-redis 9.23 starts to measure a node's latency
// before NewClusterClient sets the node's himport, which is a race of its own.
func readFromReplicas() map[string]func(*redis.ClusterOptions) {
	options := map[string]func(*redis.ClusterOptions){
		"read-only":  func(o *redis.ClusterOptions) { o.ReadOnly = true },
		"by latency": func(o *redis.ClusterOptions) { o.RouteByLatency = true },
		"randomly":   func(o *redis.ClusterOptions) { o.RouteRandomly = true },
	}
	if raceEnabled {
		delete(options, "by latency")
	}
	return options
}

// TestWalkOverMigration moves the hash to another node during an iteration.
func TestWalkOverMigration(t *testing.T) {
	t.Parallel()
	const n = 20_000
	c := redistest.StartCluster(t, 0)
	rdb := c.Client(t)
	m := bigMap(t, rdb, "map", n)
	for range 2 { // to another node, then to a third node or back
		walkAll(t, n, m.Keys(ctx), func() { migrate(t, c, "map") })
	}
	set := collections.NewSet[int](rdb, "set")
	for chunk := range slices.Chunk(slices.Collect(ints(n)), 1000) {
		if _, err := set.Add(ctx, chunk...); err != nil {
			t.Fatal(err)
		}
	}
	walkAll(t, n, set.All(ctx), func() { migrate(t, c, "set") })
}

// migrate moves a key and its slot to another master.
func migrate(t *testing.T, c *redistest.Cluster, key string) {
	t.Helper()
	from := c.MasterFor(key)
	to := c.Nodes[0]
	if to == from {
		to = c.Nodes[1]
	}
	source, target := from.Client(t), to.Client(t)
	slot := source.ClusterKeySlot(ctx, key).Val()
	targetID := target.ClusterMyID(ctx).Val()
	do := func(node *redis.Client, args ...any) {
		t.Helper()
		if err := node.Do(ctx, args...).Err(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	do(target, "cluster", "setslot", slot, "importing", source.ClusterMyID(ctx).Val())
	do(source, "cluster", "setslot", slot, "migrating", targetID)
	do(source, "migrate", "127.0.0.1", to.Port, key, 0, 10_000)
	for _, node := range []*redis.Client{target, source} {
		do(node, "cluster", "setslot", slot, "node", targetID)
	}
	for _, node := range c.Nodes {
		if node != from && node != to {
			do(node.Client(t), "cluster", "setslot", slot, "node", targetID)
		}
	}
}

// TestWalkPlainClient walks through a client of one node of a cluster where another node has
// the key: that is said at once, and not looked for a hundred times.
func TestWalkPlainClient(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	here := c.MasterFor("here")
	name := ""
	for i := 0; name == "" || c.MasterFor(name) == here; i++ {
		name = fmt.Sprint("there", i)
	}
	rdb := here.Client(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for what, seq := range map[string]func() error{
		"Map.All":       func() error { _, err := desir.Collect(collections.NewMap[int, int](rdb, name).All(ctx)); return err },
		"Map.Keys":      func() error { _, err := desir.Collect(collections.NewMap[int, int](rdb, name).Keys(ctx)); return err },
		"Set.All":       func() error { _, err := desir.Collect(collections.NewSet[int](rdb, name).All(ctx)); return err },
		"SortedSet.All": func() error { _, err := desir.Collect(collections.NewSortedSet[int](rdb, name).All(ctx)); return err },
		"List.All":      func() error { _, err := desir.Collect(collections.NewList[int](rdb, name).All(ctx)); return err },
	} {
		if err := seq(); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("%s: %v; want ErrNotSupported", what, err)
		}
	}
}
