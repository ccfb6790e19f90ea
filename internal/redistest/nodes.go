package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	Masters    = 3 // number of masters of a cluster
	totalSlots = 16384
)

// Node is a node of a cluster. It may run in another process or container.
type Node struct {
	Addr         string // address for clients, which the node also announces to them
	InternalAddr string // address for the other nodes: an IP address and a port
}

// Nodes are the nodes of a cluster: three masters, then the first replica of each master,
// then the second, and so on.
type Nodes []Node

// CreateCluster creates a cluster of independent servers, like redis-cli --cluster
// create. It returns when every node reports a complete cluster and every replica has the
// data of its master.
func (all Nodes) CreateCluster(replicas int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nodes := make([]*redis.Client, len(all))
	for i, n := range all {
		nodes[i] = inspectionClient(n.Addr)
		defer nodes[i].Close()
	}
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if ids[i], err = n.ClusterMyID(ctx).Result(); err != nil {
			return err
		}
		// With different epochs the masters need not resolve conflicts of equal ones. A
		// node accepts an epoch only before it has met another node.
		if err := n.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return err
		}
	}
	for i, n := range nodes {
		for _, other := range all[i+1:] {
			host, port, _ := strings.Cut(other.InternalAddr, ":")
			if err := n.ClusterMeet(ctx, host, port).Err(); err != nil {
				return err
			}
		}
		if i < Masters {
			if err := n.ClusterAddSlotsRange(ctx, i*totalSlots/Masters, (i+1)*totalSlots/Masters-1).Err(); err != nil {
				return err
			}
		}
	}
	for i, n := range nodes[Masters:] {
		// A node that does not know the master yet refuses.
		if err := until(ctx, func() error { return n.ClusterReplicate(ctx, ids[i%Masters]).Err() }); err != nil {
			return fmt.Errorf("replicate: %w", err)
		}
	}
	for i, n := range nodes {
		if err := until(ctx, func() error { return checkComplete(ctx, n, len(nodes), replicas, i >= Masters) }); err != nil {
			return fmt.Errorf("node %s: %w", all[i].Addr, err)
		}
	}
	return nil
}

// checkComplete returns nil if the node reports a complete cluster, and else what is
// missing.
func checkComplete(ctx context.Context, n *redis.Client, size, replicas int, replica bool) error {
	info, err := n.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", size)} {
		if !strings.Contains(info, want+"\r\n") {
			return fmt.Errorf("no %s in CLUSTER INFO:\n%s", want, info)
		}
	}
	layout, err := slots(ctx, n)
	if err != nil {
		return err
	}
	for _, r := range layout {
		if len(r.Nodes) != 1+replicas {
			return fmt.Errorf("slots %d-%d have %d nodes, want %d", r.Start, r.End, len(r.Nodes), 1+replicas)
		}
	}
	if replica {
		return checkReplicating(ctx, n)
	}
	return nil
}

// MasterFor returns the address of the node that holds the key, according to the first
// node that replies.
func (all Nodes) MasterFor(key string) (string, error) {
	var errs []error
	for _, n := range all {
		addr, err := masterFor(n.Addr, key)
		if err == nil {
			return addr, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("no node knows the master for %q: %w", key, errors.Join(errs...))
}

// masterFor asks a node for the master of the key's slot.
func masterFor(node, key string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c := inspectionClient(node)
	defer c.Close()
	slot, err := c.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		return "", err
	}
	layout, err := slots(ctx, c)
	if err != nil {
		return "", err
	}
	for _, r := range layout {
		if int64(r.Start) <= slot && slot <= int64(r.End) && len(r.Nodes) > 0 {
			return r.Nodes[0].Addr, nil
		}
	}
	return "", fmt.Errorf("%s knows no master for slot %d", node, slot)
}

// slots returns the layout that clients get. For each range of slots the master comes
// first, then the usable replicas. CLUSTER SHARDS would also list failed and empty
// replicas.
func slots(ctx context.Context, node *redis.Client) ([]redis.ClusterSlot, error) {
	//lint:ignore SA1019 deprecated for CLUSTER SHARDS, which lists dead and empty replicas as well
	return node.ClusterSlots(ctx).Result()
}
