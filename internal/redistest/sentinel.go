package redistest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sentinel is a master with two replicas, watched by three sentinels, all of a
// test's own. A server that is silent for a second counts as down.
type Sentinel struct {
	MasterName    string // "main"
	SentinelAddrs []string
	Nodes         []*Server // the first was the master at the beginning
	Sentinels     []*Server
	t             testing.TB
}

const quorum = 2

// StartSentinel starts the six servers and returns when every sentinel knows
// all of them.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	needServer(t, "redis")
	s := &Sentinel{MasterName: "main", t: t}
	t.Cleanup(s.end)
	if err := s.start(); err != nil {
		t.Fatalf("start sentinel: %v", err)
	}
	for _, x := range append(s.Nodes, s.Sentinels...) {
		x.t = t
	}
	return s
}

func (s *Sentinel) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	master, err := startServer(nil)
	if err != nil {
		return err
	}
	s.Nodes = []*Server{master}
	replicas, err := startAll(2, func(int) (*Server, error) { return startServer([]ServerOption{ReplicaOf(master)}) })
	s.Nodes = append(s.Nodes, replicas...)
	if err != nil {
		return err
	}
	s.Sentinels, err = startAll(3, func(int) (*Server, error) {
		return startServer([]ServerOption{watching(s.MasterName, master)})
	})
	if err != nil {
		return err
	}
	for _, x := range s.Sentinels {
		s.SentinelAddrs = append(s.SentinelAddrs, x.Addr)
		if err := x.ask(func(c *redis.Client) error {
			// Sentinels talk every two seconds and more; new ones can be hurried.
			_ = c.Do(ctx, "SENTINEL", "DEBUG", "INFO-PERIOD", 200, "PUBLISH-PERIOD", 200, "ASK-PERIOD", 200).Err()
			return nil
		}); err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

// watching makes the server a sentinel.
func watching(name string, master *Server) ServerOption {
	return func(c *serverConfig) {
		c.args = []string{"--sentinel"}
		c.add("sentinel monitor %s 127.0.0.1 %d %d", name, master.Port, quorum)
		c.add("sentinel down-after-milliseconds %s 1000", name)
		c.add("sentinel failover-timeout %s 5000", name)
		c.add("sentinel parallel-syncs %s 2", name)
	}
}

func (s *Sentinel) knowsAll(ctx context.Context, sentinel *redis.Client) error {
	m, err := sentinel.Do(ctx, "SENTINEL", "MASTER", s.MasterName).Result()
	if err != nil {
		return err
	}
	facts, err := factsOf(m)
	if err != nil {
		return err
	}
	if facts["num-slaves"] != "2" || facts["num-other-sentinels"] != "2" || facts["flags"] != "master" {
		return fmt.Errorf("sentinel knows %s replicas, %s other sentinels, flags %s",
			facts["num-slaves"], facts["num-other-sentinels"], facts["flags"])
	}
	return nil
}

// factsOf reads a map of strings, as a map of RESP3 or as an array of pairs.
func factsOf(reply any) (map[string]string, error) {
	facts := map[string]string{}
	switch reply := reply.(type) {
	case map[any]any:
		for k, v := range reply {
			facts[fmt.Sprint(k)] = fmt.Sprint(v)
		}
	case []any:
		for i := 0; i+1 < len(reply); i += 2 {
			facts[fmt.Sprint(reply[i])] = fmt.Sprint(reply[i+1])
		}
	default:
		return nil, fmt.Errorf("a %T is no map", reply)
	}
	return facts, nil
}

// ask runs f with a client of the server that is closed afterwards.
func (s *Server) ask(f func(*redis.Client) error) error {
	c := s.inspector()
	defer c.Close()
	if err := f(c); err != nil {
		return fmt.Errorf("%s: %w", s.Addr, err)
	}
	return nil
}

// Client returns a client that follows the master, closed when the test ends.
// Every default is go-redis' own, except that nothing optional is said when a
// connection opens.
func (s *Sentinel) Client(t testing.TB, opts ...func(*redis.FailoverOptions)) *redis.Client {
	t.Helper()
	o := &redis.FailoverOptions{
		MasterName:      s.MasterName,
		SentinelAddrs:   s.SentinelAddrs,
		DisableIdentity: true,
	}
	for _, opt := range opts {
		opt(o)
	}
	return closing(t, redis.NewFailoverClient(o))
}

// Master returns the server that the sentinels call the master, or nil when
// they do not agree, as during a failover.
func (s *Sentinel) Master() *Server {
	var master *Server
	for _, x := range s.Sentinels {
		port, err := s.masterPort(x)
		if err != nil {
			continue // this one is dead or frozen
		}
		for _, n := range s.Nodes {
			if n.Port != port || n == master {
				continue
			}
			if master != nil {
				return nil
			}
			master = n
		}
	}
	return master
}

func (s *Sentinel) masterPort(sentinel *Server) (port int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = sentinel.ask(func(c *redis.Client) error {
		addr, err := c.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.MasterName).StringSlice()
		if err != nil {
			return err
		}
		if len(addr) != 2 {
			return errors.New("no address")
		}
		_, err = fmt.Sscan(addr[1], &port)
		return err
	})
	return port, err
}

// Failover tells a sentinel to promote a replica, and returns when that has
// happened, as [Sentinel.MasterAfter] does.
func (s *Sentinel) Failover() *Server {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	old := s.Master()
	// Right after the start, or another failover, a sentinel may refuse.
	if err := s.Sentinels[0].ask(func(c *redis.Client) error {
		return until(ctx, func() error { return c.Do(ctx, "SENTINEL", "FAILOVER", s.MasterName).Err() })
	}); err != nil {
		s.fail("failover", err)
	}
	return s.MasterAfter(old)
}

// MasterAfter waits until all sentinels that answer agree on a master other
// than old, which takes writes, and returns it. For a moment old may take writes
// as well; they are lost. [Sentinel.Settle] waits for the end of that.
func (s *Sentinel) MasterAfter(old *Server) *Server {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var m *Server
	if err := until(ctx, func() error {
		if m = s.Master(); m == nil || m == old {
			return errors.New("the sentinels have no new master")
		}
		return m.ask(func(c *redis.Client) error {
			role, err := c.Do(ctx, "ROLE").Slice()
			if err == nil && (len(role) == 0 || role[0] != "master") {
				err = fmt.Errorf("role %v", role)
			}
			return err
		})
	}); err != nil {
		s.fail("failover", err)
	}
	return m
}

func (s *Sentinel) fail(what string, err error) {
	s.t.Helper()
	for _, x := range s.Sentinels {
		s.t.Logf("sentinel %s:\n%s", x.Addr, x.Log())
	}
	s.t.Fatalf("%s: %v", what, err)
}

// Settle waits until the failover is over in every respect: every server that
// answers follows the master and has its data, and every sentinel that answers
// has done its part. Before that a sentinel starts no other failover.
func (s *Sentinel) Settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.settle(ctx); err != nil {
		s.fail("settle", err)
	}
}

func (s *Sentinel) settle(ctx context.Context) error {
	for _, x := range s.Sentinels {
		if err := until(ctx, func() error {
			if !x.answers() {
				return nil
			}
			return x.ask(func(c *redis.Client) error { return s.knowsAll(ctx, c) })
		}); err != nil {
			return err
		}
	}
	return until(ctx, func() error {
		master := s.Master()
		if master == nil {
			return errors.New("the sentinels do not agree on a master")
		}
		followers := 0
		for _, n := range s.Nodes {
			if n != master && n.answers() {
				followers++
			}
		}
		return master.ask(func(c *redis.Client) error { return acknowledged(ctx, c, followers) })
	})
}

func (s *Sentinel) end() {
	for _, x := range append(s.Sentinels, s.Nodes...) {
		x.end()
	}
}
