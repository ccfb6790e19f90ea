package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MoveSlot moves the slot of a key to the master at address to, one key after the other,
// as resharding does. Clients may use the slot while it moves. MoveSlot calls during
// while the slot is migrating: before the first key moves, and after each key.
func (all Nodes) MoveSlot(t testing.TB, key, to string, during func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("move the slot of %q: %v", key, err)
		}
	}
	from, err := all.MasterFor(key)
	must(err)
	source, target := clientOf(t, from), clientOf(t, to)
	slot, err := source.ClusterKeySlot(ctx, key).Result()
	must(err)
	targetID, err := target.ClusterMyID(ctx).Result()
	must(err)
	sourceID, err := source.ClusterMyID(ctx).Result()
	must(err)
	host, port, err := internalAddr(ctx, source, targetID)
	must(err)
	must(target.Do(ctx, "cluster", "setslot", slot, "importing", sourceID).Err())
	must(source.Do(ctx, "cluster", "setslot", slot, "migrating", targetID).Err())
	for {
		during()
		left, err := source.ClusterGetKeysInSlot(ctx, int(slot), 1).Result()
		must(err)
		if len(left) == 0 {
			break
		}
		// MIGRATE returns no error if the key no longer exists.
		must(source.Migrate(ctx, host, port, left[0], 0, 5*time.Second).Err())
	}
	assign := func(c *redis.Client) {
		t.Helper()
		must(c.Do(ctx, "cluster", "setslot", slot, "node", targetID).Err())
	}
	assign(target)
	assign(source)
	for _, n := range all {
		c := clientOf(t, n.Addr)
		r, err := role(ctx, c)
		must(err)
		if r == "master" { // a replica refuses, and learns it from its master
			assign(c)
		}
	}
}

// internalAddr returns the address at which node reaches the node with the given id.
func internalAddr(ctx context.Context, node *redis.Client, sourceID string) (host, port string, err error) {
	table, err := node.ClusterNodes(ctx).Result()
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(table) {
		if rest, ok := strings.CutPrefix(line, sourceID+" "); ok {
			addr, _, _ := strings.Cut(rest, "@")
			host, port, _ = strings.Cut(addr, ":")
			return host, port, nil
		}
	}
	return "", "", fmt.Errorf("node %s is unknown", sourceID)
}

// role returns the first element of the reply to ROLE, such as "master" or "slave".
func role(ctx context.Context, c *redis.Client) (string, error) {
	reply, err := c.Do(ctx, "ROLE").Slice()
	if err != nil {
		return "", err
	}
	if len(reply) == 0 {
		return "", errors.New("empty reply to ROLE")
	}
	name, _ := reply[0].(string)
	return name, nil
}
