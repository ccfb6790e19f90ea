package integration

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Sentinel gives the test a master with two replicas and three sentinels, all
// its own: see [Env.Failover]. Starting them takes a second. It needs
// redis-server or valkey-server on PATH.
func Sentinel(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return begin(t, opts, sentinel)
}

func sentinel(t testing.TB, _ settings) *Env {
	t.Helper()
	needServer(t, "redis", "sentinels")
	w := redistest.StartSentinel(t)
	e := &Env{t: t, kind: "sentinel", watch: w, servers: servers(t, w.Nodes...)}
	e.source = "a master, two replicas and three sentinels of " + redistest.ServerBinary() + ", the test's own"
	e.base.Addrs, e.base.MasterName = w.SentinelAddrs, w.MasterName
	return e
}

// TLS gives the test a server of its own that is spoken to by TLS 1.2 or newer,
// with a certificate made for it; see [Env.TLSConfig]. It needs redis-server or
// valkey-server on PATH, built with TLS.
func TLS(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return begin(t, opts, overTLS)
}

func overTLS(t testing.TB, _ settings) *Env {
	t.Helper()
	needServer(t, "redis", "TLS")
	srv := redistest.StartServer(t, redistest.TLS())
	e := &Env{t: t, kind: "tls", source: redistest.ServerBinary() + " with TLS at " + srv.TLSAddr + ", the test's own"}
	e.base.Addrs, e.base.TLSConfig = []string{srv.TLSAddr}, srv.TLSConfig()
	e.servers = servers(t, srv)
	e.servers[0].Addr = srv.TLSAddr
	return e
}

// Matrix runs the test on everything there is, as subtests: "server",
// "container", "cluster", "sentinel" and "tls". What is missing is skipped by name.
func Matrix(t *testing.T, test func(t *testing.T, e *Env)) {
	t.Helper()
	for _, kind := range []struct {
		name string
		make func(testing.TB, ...Option) *Env
	}{
		{"server", New},
		{"container", func(t testing.TB, opts ...Option) *Env { return New(t, append(opts, WithContainer())...) }},
		{"cluster", Cluster},
		{"sentinel", Sentinel},
		{"tls", TLS},
	} {
		t.Run(kind.name, func(t *testing.T) { test(t, kind.make(t)) })
	}
}

func needServer(t testing.TB, word, what string) {
	t.Helper()
	if redistest.ServerBinary() == "" {
		missing(t, what+" needs redis-server or valkey-server on PATH", word)
	}
}

// Main runs the tests of a package and then ends what they have shared:
//
//	func TestMain(m *testing.M) { os.Exit(integration.Main(m)) }
//
// Without it a shared container ends with the last test that uses it, a shared
// cluster of containers with each, and is started again for the next.
func Main(m *testing.M) int {
	keep(true)
	defer keep(false)
	return redistest.Main(m)
}

// keep lets what is shared stay while nobody uses it, or no longer.
func keep(yes bool) {
	if err := errors.Join(boxes.keep(yes), fleets.keep(yes)); err != nil {
		fmt.Fprintf(os.Stderr, "integration: remove containers: %v\n", err)
	}
}
