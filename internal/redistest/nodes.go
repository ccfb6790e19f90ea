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
	Masters    = 3 // of a cluster
	totalSlots = 16384
)

// Node is one of a cluster, wherever it runs.
type Node struct {
	Addr   string // for clients, and as the node itself tells them
	Inside string // for the other nodes, an IP address and a port
}

// Nodes are those of one cluster: three masters, then the replicas, first one
// of each master, and so on.
type Nodes []Node

// Form makes a cluster of servers that know nothing of each other, as redis-cli
// --cluster create would. It returns when every node calls it complete and every
// replica has its copy.
func (all Nodes) Form(replicas int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nodes := make([]*redis.Client, len(all))
	for i, n := range all {
		nodes[i] = inspector(n.Addr)
		defer nodes[i].Close()
	}
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if ids[i], err = n.ClusterMyID(ctx).Result(); err != nil {
			return err
		}
		// Epochs of their own spare the masters the settling of equal ones. Only
		// a node that has met nobody takes one.
		if err := n.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return err
		}
	}
	for i, n := range nodes {
		for _, other := range all[i+1:] {
			host, port, _ := strings.Cut(other.Inside, ":")
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
		// A node that has not heard of the master yet refuses.
		if err := until(ctx, func() error { return n.ClusterReplicate(ctx, ids[i%Masters]).Err() }); err != nil {
			return fmt.Errorf("replicate: %w", err)
		}
	}
	for i, n := range nodes {
		if err := until(ctx, func() error { return complete(ctx, n, len(nodes), replicas, i >= Masters) }); err != nil {
			return fmt.Errorf("node %s: %w", all[i].Addr, err)
		}
	}
	return nil
}

// complete returns what is missing before the node sees a whole cluster.
func complete(ctx context.Context, n *redis.Client, size, replicas int, replica bool) error {
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
		return linked(ctx, n)
	}
	return nil
}

// MasterFor returns the address of the node that holds the key now, as the first
// node that answers sees it.
func (all Nodes) MasterFor(key string) (string, error) {
	var errs []error
	for _, n := range all {
		addr, err := masterFor(n.Addr, key)
		if err == nil {
			return addr, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("nobody knows the master for %q: %w", key, errors.Join(errs...))
}

// masterFor asks a node for the master of the key's slot.
func masterFor(node, key string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c := inspector(node)
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

// slots returns the layout as clients get it: the masters first, then those
// replicas that are of use. CLUSTER SHARDS lists dead and empty ones as well.
func slots(ctx context.Context, node *redis.Client) ([]redis.ClusterSlot, error) {
	//lint:ignore SA1019 deprecated for CLUSTER SHARDS, which lists dead and empty replicas as well
	return node.ClusterSlots(ctx).Result()
}
