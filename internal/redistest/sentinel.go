package redistest

import (
	"context"
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
			// Sentinels talk every two seconds and more; new ones can be hurried. A
			// replica whose INFO is three periods old is not promoted: no haste there.
			_ = c.Do(ctx, "SENTINEL", "DEBUG", "INFO-PERIOD", 1000, "PUBLISH-PERIOD", 200, "ASK-PERIOD", 200).Err()
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
		c.add("sentinel failover-timeout %s 2000", name)
		c.add("sentinel parallel-syncs %s 2", name)
	}
}

func (s *Sentinel) knowsAll(ctx context.Context, sentinel *redis.Client) error {
	facts, err := s.master(ctx, sentinel)
	if err != nil {
		return err
	}
	if facts["num-slaves"] != "2" || facts["num-other-sentinels"] != "2" || facts["flags"] != "master" {
		return fmt.Errorf("sentinel knows %s replicas, %s other sentinels, flags %s",
			facts["num-slaves"], facts["num-other-sentinels"], facts["flags"])
	}
	return nil
}

// master returns what a sentinel knows about the master.
func (s *Sentinel) master(ctx context.Context, sentinel *redis.Client) (map[string]string, error) {
	reply, err := sentinel.Do(ctx, "SENTINEL", "MASTER", s.MasterName).Result()
	if err != nil {
		return nil, err
	}
	return factsOf(reply)
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
	c := inspector(s.Addr)
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

func (s *Sentinel) end() {
	for _, x := range append(s.Sentinels, s.Nodes...) {
		x.end()
	}
}
