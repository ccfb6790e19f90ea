package integration

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// shared is the cluster of the test binary.
var shared struct {
	sync.Mutex
	cluster *redistest.Cluster
}

// Cluster gives the test a cluster of three masters on the loopback interface.
// It is one for all tests of the binary: a test has it alone, others wait, and
// it is empty when it comes. With [Replicas] or [Alone] it is the test's own,
// and only then has [Env.Servers]; starting one takes two seconds.
//
// It needs redis-server or valkey-server on PATH.
func Cluster(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return begin(t, opts, cluster)
}

func cluster(t testing.TB, s settings) *Env {
	t.Helper()
	needServer(t, "cluster", "a cluster")
	e := &Env{t: t, kind: "cluster", source: "a cluster of " + redistest.ServerBinary()}
	if s.alone || s.replicas > 0 {
		c := redistest.StartCluster(t, s.replicas)
		e.base.Addrs, e.servers = c.Addrs, servers(t, c.Nodes...)
		e.source += " servers, the test's own"
		return e
	}
	e.base.Addrs = sharedCluster(t)
	e.source += " servers, shared by the tests of this binary"
	t.Cleanup(e.empty)
	return e
}

// sharedCluster waits until no other test has the cluster.
func sharedCluster(t testing.TB) []string {
	t.Helper()
	shared.Lock()
	t.Cleanup(shared.Unlock)
	if shared.cluster == nil {
		c, err := redistest.SharedCluster()
		if err != nil {
			t.Fatalf("integration: %v", err)
		}
		shared.cluster = c
	}
	return shared.cluster.Addrs
}

// empty deletes everything in a cluster of our own.
func (e *Env) empty() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := e.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return c.FlushAll(ctx).Err() })
	if err != nil {
		e.t.Errorf("integration: empty the cluster: %v", err)
	}
}

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
// Without it a shared container ends with the last test that uses it, and is
// started again for the next.
func Main(m *testing.M) int {
	boxes.keep(true)
	defer boxes.keep(false)
	return redistest.Main(m)
}

func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + "/" + strconv.Itoa(os.Getpid())
}
