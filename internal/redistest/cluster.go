package redistest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Cluster is a cluster of three masters, each with the same number of replicas.
type Cluster struct {
	Addrs []string  // of all nodes
	Nodes []*Server // three masters, then the first replica of each master, then the second, and so on
}

// StartCluster starts a dedicated cluster. It returns when every node reports a complete
// cluster and every replica has the data of its master. That takes two seconds, since a
// new node refuses to join a cluster for that time. A node counts as failed after 2
// seconds of silence. The options apply to every node.
func StartCluster(t testing.TB, replicas int, opts ...ServerOption) *Cluster {
	t.Helper()
	needServer(t, "cluster", opts...)
	c, err := startCluster(replicas, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Nodes {
		s.endWith(t)
	}
	return c
}

// startCluster starts a cluster that does not belong to a test. The caller ends it.
func startCluster(replicas int, opts []ServerOption) (*Cluster, error) {
	c := &Cluster{}
	opts = append([]ServerOption{clusterNode()}, opts...)
	servers, err := startAll(Masters*(1+replicas), func(int) (*Server, error) { return startServer(opts) })
	c.Nodes = servers
	if err == nil {
		for _, s := range c.Nodes {
			c.Addrs = append(c.Addrs, s.Addr)
		}
		err = c.nodes().CreateCluster(replicas)
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	return c, nil
}

// startAll starts n servers concurrently and returns the ones that started.
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

// until calls f until it returns nil. If the context's deadline comes first, it returns
// the last error of f.
func until(ctx context.Context, f func() error) error {
	var err error
	deadline, _ := ctx.Deadline()
	if poll(time.Until(deadline), func() bool { err = f(); return err == nil }) {
		return nil
	}
	return err
}

// Client returns a client of the cluster, which is closed when the test ends. It has the
// defaults of go-redis, except that it sends no optional command when a connection opens.
func (c *Cluster) Client(t testing.TB, opts ...func(*redis.ClusterOptions)) *redis.ClusterClient {
	t.Helper()
	o := &redis.ClusterOptions{
		Addrs:                    c.Addrs,
		Protocol:                 Protocol(t),
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	for _, opt := range opts {
		opt(o)
	}
	return closeAtEnd(t, redis.NewClusterClient(o))
}

// MasterFor returns the node that holds the key, according to the first node that
// replies. It panics if no node replies.
func (c *Cluster) MasterFor(key string) *Server {
	addr, err := c.nodes().MasterFor(key)
	if err != nil {
		panic(fmt.Sprintf("redistest: %v", err))
	}
	return c.Nodes[slices.Index(c.Addrs, addr)]
}

// MoveSlot is [Nodes.MoveSlot] for a server of the cluster.
func (c *Cluster) MoveSlot(t testing.TB, key string, to *Server, during func()) {
	t.Helper()
	c.nodes().MoveSlot(t, key, to.Addr, during)
}

func (c *Cluster) nodes() (all Nodes) {
	for _, addr := range c.Addrs {
		all = append(all, Node{Addr: addr, InternalAddr: addr})
	}
	return all
}

func (c *Cluster) end() {
	for _, s := range c.Nodes {
		s.end()
	}
}
