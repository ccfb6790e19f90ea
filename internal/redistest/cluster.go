package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	masters    = 3
	totalSlots = 16384
)

// Cluster is a cluster of a test's own: three masters, each with the replicas
// asked for.
type Cluster struct {
	Addrs []string  // of all nodes
	Nodes []*Server // three masters, then the replicas: first one of each master, and so on
}

// StartCluster starts a cluster and returns when every node calls it complete
// and every replica has its copy. It takes two seconds, for which a fresh node
// refuses to be part of one. A node counts as failed when it is silent for 2
// seconds. The options hold for every node.
func StartCluster(t testing.TB, replicas int, opts ...ServerOption) *Cluster {
	t.Helper()
	needServer(t, "cluster")
	c, err := startCluster(replicas, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Nodes {
		s.own(t)
	}
	return c
}

// startCluster starts a cluster that nobody owns yet.
func startCluster(replicas int, opts []ServerOption) (*Cluster, error) {
	c := &Cluster{}
	opts = append([]ServerOption{clusterNode()}, opts...)
	servers, err := startAll(masters*(1+replicas), func(int) (*Server, error) { return startServer(opts) })
	c.Nodes = servers
	if err == nil {
		for _, s := range c.Nodes {
			c.Addrs = append(c.Addrs, s.Addr)
		}
		err = c.form(replicas)
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	return c, nil
}

// startAll starts n servers side by side and returns those that did start.
func startAll(n int, start func(i int) (*Server, error)) ([]*Server, error) {
	all, errs := make([]*Server, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i], errs[i] = start(i) })
	}
	wg.Wait()
	var started []*Server
	for _, s := range all {
		if s != nil {
			started = append(started, s)
		}
	}
	return started, errors.Join(errs...)
}

// form makes a cluster of the nodes, as redis-cli --cluster create would.
func (c *Cluster) form(replicas int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nodes := make([]*redis.Client, len(c.Nodes))
	for i, s := range c.Nodes {
		nodes[i] = s.inspector()
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
		for _, other := range c.Nodes[i+1:] {
			if err := n.ClusterMeet(ctx, "127.0.0.1", fmt.Sprint(other.Port)).Err(); err != nil {
				return err
			}
		}
		if i < masters {
			if err := n.ClusterAddSlotsRange(ctx, i*totalSlots/masters, (i+1)*totalSlots/masters-1).Err(); err != nil {
				return err
			}
		}
	}
	for i, n := range nodes[masters:] {
		// A node that has not heard of the master yet refuses.
		if err := until(ctx, func() error { return n.ClusterReplicate(ctx, ids[i%masters]).Err() }); err != nil {
			return fmt.Errorf("replicate: %w", err)
		}
	}
	for i, n := range nodes {
		if err := until(ctx, func() error { return complete(ctx, n, len(nodes), replicas, i >= masters) }); err != nil {
			return fmt.Errorf("node %s: %w", c.Addrs[i], err)
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

// until repeats f until it returns nil, and returns its last error when the
// context ends first.
func until(ctx context.Context, f func() error) error {
	var err error
	deadline, _ := ctx.Deadline()
	if poll(time.Until(deadline), func() bool { err = f(); return err == nil }) {
		return nil
	}
	return err
}

// Client returns a client of the cluster, closed when the test ends. Every
// default is go-redis' own, except that nothing optional is said when a
// connection opens.
func (c *Cluster) Client(t testing.TB, opts ...func(*redis.ClusterOptions)) *redis.ClusterClient {
	t.Helper()
	o := &redis.ClusterOptions{
		Addrs:                    c.Addrs,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	for _, opt := range opts {
		opt(o)
	}
	return closing(t, redis.NewClusterClient(o))
}

// MasterFor returns the node that holds the key now, as the first node that
// answers sees it. It panics if none does.
func (c *Cluster) MasterFor(key string) *Server {
	var errs []error
	for _, s := range c.Nodes {
		port, err := s.masterPort(key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, m := range c.Nodes {
			if m.Port == port {
				return m
			}
		}
	}
	panic(fmt.Sprintf("redistest: nobody knows the master for %q: %v", key, errors.Join(errs...)))
}

// masterPort asks the node which port the master of the key's slot has.
func (s *Server) masterPort(key string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c := s.inspector()
	defer c.Close()
	slot, err := c.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		return 0, err
	}
	layout, err := slots(ctx, c)
	if err != nil {
		return 0, err
	}
	for _, r := range layout {
		if int64(r.Start) <= slot && slot <= int64(r.End) && len(r.Nodes) > 0 {
			return portOf(r.Nodes[0].Addr)
		}
	}
	return 0, fmt.Errorf("%s knows no master for slot %d", s.Addr, slot)
}

// slots returns the layout as clients get it: the masters first, then those
// replicas that are of use. CLUSTER SHARDS lists dead and empty ones as well.
func slots(ctx context.Context, node *redis.Client) ([]redis.ClusterSlot, error) {
	//lint:ignore SA1019 deprecated for CLUSTER SHARDS, which lists dead and empty replicas as well
	return node.ClusterSlots(ctx).Result()
}

func (c *Cluster) end() {
	for _, s := range c.Nodes {
		s.end()
	}
}
