package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestRollingRestart restarts every node of a cluster, one after the other, like an
// upgrade. A master hands over to its replica before it is restarted. No acknowledged
// write is lost, and no call runs twice.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	rollingRestart(t, Cluster(t, Replicas(1)))
}

func rollingRestart(t *testing.T, e *Env) {
	t.Helper()
	l := startLoad(t, e.NewClient(), "rolling:")
	var longest time.Duration
	for _, s := range e.Servers() {
		l.progress(t, 10)
		began := time.Now()
		handOver(t, e, s)
		longest = max(longest, time.Since(began))
		s.Kill()
		s.Restart()
		awaitStable(t, e)
	}
	t.Logf("the longest handing over took %v", longest)
	l.stop(t, longest+time.Second, lossWindow{}).report(t)
}

// handOver promotes the replica of a master, without loss.
func handOver(t *testing.T, e *Env, master *Server) {
	t.Helper()
	if role(t, master) != "master" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c := nodeClient(t, master)
	id, err := c.ClusterMyID(ctx).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers() {
		r := nodeClient(t, s)
		nodes, err := r.ClusterNodes(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(nodes) {
			if strings.Contains(line, "myself,slave "+id) {
				redistest.Eventually(t, 30*time.Second, func() bool {
					_ = r.ClusterFailover(ctx).Err() // retried if the replica refuses for now
					return role(t, s) == "master" && role(t, master) == "slave"
				}, "the replica takes over")
				return
			}
		}
	}
	t.Fatalf("no replica of %s", master.Addr)
}

// awaitStable waits until every node reports a complete cluster and every replica has its
// master's data. With Sentinel it waits until the failover is complete.
func awaitStable(t *testing.T, e *Env) {
	t.Helper()
	if e.kind == "sentinel" {
		if err := e.sentinelSet.AwaitStable(); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, s := range e.Servers() {
		c := nodeClient(t, s)
		redistest.Eventually(t, time.Minute, func() bool {
			info, err := c.ClusterInfo(ctx).Result()
			about, err2 := c.Info(ctx, "replication").Result()
			return err == nil && err2 == nil && strings.Contains(info, "cluster_state:ok") &&
				(strings.Contains(about, "role:master") && strings.Contains(about, "state=online") || strings.Contains(about, "master_link_status:up"))
		}, s.Addr+" is part of a whole cluster")
	}
}

func role(t *testing.T, s *Server) string {
	t.Helper()
	c := nodeClient(t, s)
	defer c.Close()
	reply, err := c.Do(ctx, "ROLE").Slice()
	if err != nil || len(reply) == 0 {
		return ""
	}
	name, _ := reply[0].(string)
	return name
}

// nodeClient returns a client of one node.
func nodeClient(t *testing.T, s *Server) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var within = redistest.Within
