package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Sentinel returns a dedicated master with two replicas and three sentinels. They run the
// server on PATH. If there is none, or with [Container], they run in containers with a
// private network. A server counts as down after three seconds of silence. See
// [Env.Failover] and [Env.Partition].
//
// The start takes about two seconds, or three in containers. Sentinels in containers need
// Docker and do not work with Podman.
func Sentinel(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return newEnv(t, opts, newSentinel)
}

func newSentinel(t testing.TB, s settings) *Env {
	t.Helper()
	if s.binary() == "" || s.container {
		return newSentinelContainers(t)
	}
	x := redistest.StartSentinel(t, redistest.Use(s.program))
	e := &Env{t: t, kind: "sentinel", sentinelSet: x.Set(), servers: servers(t, x.Nodes...), sentinels: servers(t, x.Sentinels...)}
	e.source = "a master, two replicas and three sentinels of " + s.binary() + ", dedicated to this test"
	e.base.Addrs, e.base.MasterName = x.SentinelAddrs, x.MasterName
	return e
}

// Failover makes the sentinels promote a replica, and returns when the new master accepts
// writes. It ends the test if that takes longer than a minute. It needs [Sentinel].
func (e *Env) Failover() {
	e.t.Helper()
	if e.kind != "sentinel" {
		e.t.Fatalf("integration: Failover needs Sentinel(t), not %s", e.source)
	}
	if _, err := e.sentinelSet.Failover(); err != nil {
		for _, s := range e.sentinels {
			e.t.Logf("sentinel %s:\n%s", s.Addr, s.Log())
		}
		e.t.Fatalf("integration: failover: %v", err)
	}
}
