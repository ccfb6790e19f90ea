package redistest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MoveSlot gives the slot of a key to another master, and moves what is in it
// one key after the other, as resharding does; clients may go on meanwhile.
// half is called with the slot on its way: before the first key has moved, and
// after each. The cluster has no replicas.
func (c *Cluster) MoveSlot(t testing.TB, key string, to *Server, half func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("move the slot of %q: %v", key, err)
		}
	}
	from := c.MasterFor(key)
	source, target := from.Client(t), to.Client(t)
	slot, err := source.ClusterKeySlot(ctx, key).Result()
	must(err)
	heir, err := target.ClusterMyID(ctx).Result()
	must(err)
	id, err := source.ClusterMyID(ctx).Result()
	must(err)
	must(target.Do(ctx, "cluster", "setslot", slot, "importing", id).Err())
	must(source.Do(ctx, "cluster", "setslot", slot, "migrating", heir).Err())
	for {
		half()
		left, err := source.ClusterGetKeysInSlot(ctx, int(slot), 1).Result()
		must(err)
		if len(left) == 0 {
			break
		}
		must(migrate(ctx, source, to, left[0]))
	}
	for _, s := range append([]*Server{to, from}, c.Nodes...) {
		must(s.Client(t).Do(ctx, "cluster", "setslot", slot, "node", heir).Err())
	}
}

// migrate moves a key, or finds that it has gone meanwhile.
func migrate(ctx context.Context, source *redis.Client, to *Server, key string) error {
	host, port, _ := strings.Cut(to.Addr, ":")
	return source.Migrate(ctx, host, port, key, 0, 5*time.Second).Err()
}
