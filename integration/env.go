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

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/redistest"
)

// Env is the Redis of one test. It ends with the test. Its methods may be called
// from any goroutine of the test, one at a time; those that cannot do what they
// are asked for end the test.
type Env struct {
	t         testing.TB
	kind      string // "server", "cluster", "sentinel", "tls"
	source    string
	base      redis.UniversalOptions
	url       string // of a server that is not the test's own
	servers   []*Server
	sentinels []*Server
	watch     redistest.Watch // of sentinels
	lan       *lan            // of several containers
	client    redis.UniversalClient
}

// New gives the test a database, or a server, where it finds one; see the
// package comment.
func New(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return begin(t, opts, find)
}

// begin makes an Env and says where it is.
func begin(t testing.TB, opts []Option, make func(testing.TB, settings) *Env) *Env {
	t.Helper()
	s := gather(opts)
	if s.leaks {
		redistest.Goroutines(t) // first, so that it looks last
	}
	e := make(t, s)
	t.Logf("integration: %s", e.source)
	if s.leaks {
		t.Cleanup(e.checkLeaks)
	}
	return e
}

// Client returns the test's client, the same one at every call. It is closed
// when the test ends.
func (e *Env) Client() redis.UniversalClient {
	e.t.Helper()
	if e.client == nil {
		e.client = e.NewClient()
	}
	return e.client
}

// NewClient returns another client, as another process would have one. It is
// closed when the test ends.
func (e *Env) NewClient(opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	e.t.Helper()
	c := e.dial(opts...)
	e.t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	return c
}

// dial returns a client that is the caller's to close.
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
		return redis.NewClusterClient(o.Cluster()) // also if one address is known
	}
	return redis.NewUniversalClient(&o)
}

// URL returns the address as desir.Open takes it: REDIS_URL with its password and the
// test's database, if the server is that. It does not carry the certificate that [TLS] needs.
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

// TLSConfig returns what a client of [TLS] needs, a new copy at each call, and
// nil for anything else.
func (e *Env) TLSConfig() *tls.Config { return e.base.TLSConfig.Clone() }

// Source says in words where the server was found, as the test's log does.
func (e *Env) Source() string { return e.source }

// Version returns the server's version, "7.0.15": Redis' or, of a server that
// calls itself otherwise, its own.
func (e *Env) Version() string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	info, err := e.Client().Info(ctx, "server").Result()
	if err != nil {
		e.t.Fatalf("integration: the server's version: %v", err)
	}
	_, version := hub.Product(info)
	return version
}

// Require skips the test when the server is older than a version like "7.4". A
// skip names both.
func (e *Env) Require(version string) {
	e.t.Helper()
	has := e.Version()
	if older(has, version) {
		e.t.Skipf("integration: needs a server of version %s, this one is %s (%s)", version, has, e.source)
	}
}

// Servers returns the servers that the test may treat badly: those of its own.
// A server at REDIS_URL and a shared container are not among them ([Alone]). The
// masters of a cluster come before their replicas; the first of a sentinel's was
// the master at the beginning.
func (e *Env) Servers() []*Server { return slices.Clone(e.servers) }

// Server returns the only server of the test's own.
func (e *Env) Server() *Server {
	e.t.Helper()
	if len(e.servers) != 1 {
		e.t.Fatalf("integration: %d servers are the test's own, not one (%s); New with Alone() gives one", len(e.servers), e.source)
	}
	return e.servers[0]
}
