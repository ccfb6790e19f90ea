package integration

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
)

// Env is the Redis server, cluster or Sentinel setup of one test. It ends with the test.
// Its methods may be called from any goroutine of the test, but not concurrently. A
// method that cannot do its work fails the test.
type Env struct {
	t           testing.TB
	kind        string // "server", "cluster", "sentinel", "tls"
	source      string
	base        redis.UniversalOptions
	url         string // set for a server at REDIS_URL
	servers     []*Server
	sentinels   []*Server
	sentinelSet redistest.SentinelSet // set if kind is "sentinel"
	network     *containerNetwork     // private network of several containers, or nil
	client      redis.UniversalClient
}

// New returns an empty database or a dedicated server for the test. The package comment
// says where it looks for a server. If there is none, New skips the test.
func New(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return newEnv(t, opts, newServer)
}

// newEnv creates an Env and logs its source.
func newEnv(t testing.TB, opts []Option, create func(testing.TB, settings) *Env) *Env {
	t.Helper()
	s := newSettings(opts)
	if s.leaks {
		redistest.Goroutines(t) // first, so that its check runs last
	}
	e := create(t, s)
	t.Logf("integration: %s", e.source)
	if s.leaks {
		t.Cleanup(e.checkLeaks)
	}
	return e
}

// Client returns the client of the test. Every call returns the same one. It is closed
// when the test ends.
func (e *Env) Client() redis.UniversalClient {
	e.t.Helper()
	if e.client == nil {
		e.client = e.NewClient()
	}
	return e.client
}

// NewClient returns a new client, which simulates another process. It is closed when the
// test ends.
func (e *Env) NewClient(opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	e.t.Helper()
	c := e.dial(opts...)
	e.t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	return c
}

// dial returns a new client. The caller closes it.
func (e *Env) dial(opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	o := e.base
	o.Addrs = slices.Clone(o.Addrs)
	if o.TLSConfig != nil {
		o.TLSConfig = o.TLSConfig.Clone()
	}
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if o.Protocol == 0 {
		o.Protocol = redistest.Protocol(e.t)
	}
	for _, opt := range opts {
		opt(&o)
	}
	if e.kind == "cluster" {
		return redis.NewClusterClient(o.Cluster()) // even with a single address
	}
	return redis.NewUniversalClient(&o)
}

// URL returns the address in the form that desir.Open accepts. For a server at REDIS_URL
// that is REDIS_URL, including its password, with the test's database. The URL does not
// contain the certificate that a client of [TLS] needs: see [Env.TLSConfig].
func (e *Env) URL() string {
	if e.url != "" {
		return e.url
	}
	addrs := strings.Join(e.base.Addrs, ",")
	switch e.kind {
	case "cluster":
		return "redis+cluster://" + addrs
	case "sentinel":
		return "redis+sentinel://" + addrs + "/" + e.base.MasterName
	case "tls":
		return "rediss://" + addrs
	default:
		return fmt.Sprintf("redis://%s/%d", addrs, e.base.DB)
	}
}

// TLSConfig returns the configuration for clients of the server. It is nil for servers
// without TLS. Each call returns a new copy.
func (e *Env) TLSConfig() *tls.Config { return e.base.TLSConfig.Clone() }

// Source describes the server and where it was found. The test's log has the same text.
func (e *Env) Source() string { return e.source }

// Version returns the version of the server, such as "7.0.15". For a product other than
// Redis, such as Valkey, it is the product's own version. Version sends one INFO.
func (e *Env) Version() string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	info, err := e.Client().Info(ctx, "server").Result()
	if err != nil {
		e.t.Fatalf("integration: read the server's version: %v", err)
	}
	_, version := clients.Product(info)
	return version
}

// Require skips the test if the server is older than version, such as "7.4". The skip
// message contains both versions. It sends one INFO.
func (e *Env) Require(version string) {
	e.t.Helper()
	has := e.Version()
	if older(has, version) {
		e.t.Skipf("integration: needs a server of version %s, this one is %s (%s)", version, has, e.source)
	}
}

// Servers returns the dedicated servers of the test, which the test may kill, freeze and
// restart. A server at REDIS_URL, a shared container and a shared cluster are not
// included: use [Alone]. In a cluster the masters come before the replicas. With
// [Sentinel] the first server was the master at the start, and sentinels are not
// included.
func (e *Env) Servers() []*Server { return slices.Clone(e.servers) }

// Server returns the dedicated server of the test. It ends the test if there is not
// exactly one.
func (e *Env) Server() *Server {
	e.t.Helper()
	if len(e.servers) != 1 {
		e.t.Fatalf("integration: the test has %d dedicated servers, want exactly one (%s); use New with Alone()", len(e.servers), e.source)
	}
	return e.servers[0]
}
