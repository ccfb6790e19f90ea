package redistest

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Sentinel is a dedicated master with two replicas and three sentinels. A server counts
// as down after three seconds of silence.
type Sentinel struct {
	MasterName    string // "main"
	SentinelAddrs []string
	Nodes         []*Server // the first was the master at the start
	Sentinels     []*Server
	t             testing.TB
}

// StartSentinel starts the six servers and returns when every sentinel knows all of them.
// The options apply to all six.
func StartSentinel(t testing.TB, opts ...ServerOption) *Sentinel {
	t.Helper()
	needServer(t, "redis", opts...)
	s := &Sentinel{MasterName: "main", t: t}
	t.Cleanup(s.end)
	if err := s.start(opts); err != nil {
		t.Fatalf("start sentinel: %v", err)
	}
	for _, x := range append(s.Nodes, s.Sentinels...) {
		x.t = t
	}
	return s
}

func (s *Sentinel) start(opts []ServerOption) error {
	with := func(more ServerOption) []ServerOption { return append(slices.Clone(opts), more) }
	master, err := startServer(opts)
	if err != nil {
		return err
	}
	s.Nodes = []*Server{master}
	replicas, err := startAll(2, func(int) (*Server, error) { return startServer(with(ReplicaOf(master))) })
	s.Nodes = append(s.Nodes, replicas...)
	if err != nil {
		return err
	}
	s.Sentinels, err = startAll(3, func(int) (*Server, error) { return startServer(with(sentinelMode)) })
	if err != nil {
		return err
	}
	for _, x := range s.Sentinels {
		s.SentinelAddrs = append(s.SentinelAddrs, x.Addr)
	}
	return s.Set().Monitor(master.Addr)
}

// sentinelMode makes the server a sentinel.
func sentinelMode(c *serverConfig) { c.args = []string{"--sentinel"} }

// Set returns the addresses of the servers and sentinels.
func (s *Sentinel) Set() SentinelSet {
	w := SentinelSet{MasterName: s.MasterName, Sentinels: s.SentinelAddrs}
	for _, n := range s.Nodes {
		w.Nodes = append(w.Nodes, n.Addr)
	}
	return w
}

// Client returns a failover client, which is closed when the test ends. It has the
// defaults of go-redis, except that it sends no optional command when a connection opens.
func (s *Sentinel) Client(t testing.TB, opts ...func(*redis.FailoverOptions)) *redis.Client {
	t.Helper()
	o := &redis.FailoverOptions{
		MasterName:      s.MasterName,
		SentinelAddrs:   s.SentinelAddrs,
		Protocol:        Protocol(t),
		DisableIdentity: true,
	}
	for _, opt := range opts {
		opt(o)
	}
	return closeAtEnd(t, redis.NewFailoverClient(o))
}

func (s *Sentinel) end() {
	for _, x := range append(s.Sentinels, s.Nodes...) {
		x.end()
	}
}
