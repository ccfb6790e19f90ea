package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Sentinel gives the test a master with two replicas and three sentinels, all
// its own: of the servers on PATH or, where there are none or [Container] asks for it, of
// containers with a network of their own: see [Env.Failover] and [Env.Partition]. A server that is
// silent for three seconds counts as down. Starting them takes two seconds, of containers
// three. Podman has no sentinels in containers.
func Sentinel(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return begin(t, opts, sentinel)
}

func sentinel(t testing.TB, s settings) *Env {
	t.Helper()
	if s.binary() == "" || s.container {
		return boxedSentinel(t)
	}
	x := redistest.StartSentinel(t, redistest.Use(s.program))
	e := &Env{t: t, kind: "sentinel", watch: x.Watch(), servers: servers(t, x.Nodes...), sentinels: servers(t, x.Sentinels...)}
	e.source = "a master, two replicas and three sentinels of " + s.binary() + ", the test's own"
	e.base.Addrs, e.base.MasterName = x.SentinelAddrs, x.MasterName
	return e
}

// Failover tells the sentinels to promote a replica, and returns when it takes
// writes.
func (e *Env) Failover() {
	e.t.Helper()
	if e.kind != "sentinel" {
		e.t.Fatalf("integration: Failover needs Sentinel(t), not %s", e.source)
	}
	if _, err := e.watch.Failover(); err != nil {
		for _, s := range e.sentinels {
			e.t.Logf("sentinel %s:\n%s", s.Addr, s.Log())
		}
		e.t.Fatalf("integration: failover: %v", err)
	}
}
