package integration

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
)

var ctx = context.Background()

// TestMatrix uses a Map and a Chan on every topology.
func TestMatrix(t *testing.T) {
	t.Parallel()
	Matrix(t, func(t *testing.T, e *Env) {
		m := collections.NewMap[string, int](e.Client(), "stock")
		if err := m.Set(ctx, "apples", 3); err != nil {
			t.Fatal(err)
		}
		if n, ok, err := collections.NewMap[string, int](e.NewClient(), "stock").Get(ctx, "apples"); n != 3 || !ok || err != nil {
			t.Errorf("Get = %d, %t, %v; want 3", n, ok, err)
		}
		c := channel.NewChan[string](e.Client(), "jobs")
		if err := c.Send(ctx, "paint"); err != nil {
			t.Fatal(err)
		}
		if v, err := channel.NewChan[string](e.NewClient(), "jobs").Recv(ctx); v != "paint" || err != nil {
			t.Errorf("Recv = %q, %v; want paint", v, err)
		}
		if v := e.Version(); older(v, "6.2") {
			t.Errorf("Version = %q", v)
		}
		if e.kind == "tls" { // the URL does not contain the certificate
			return
		}
		rdb, err := desir.Open(ctx, e.URL())
		if err != nil {
			t.Fatalf("Open(%q): %v", e.URL(), err)
		}
		defer rdb.Close()
		if n, ok, err := collections.NewMap[string, int](rdb, "stock").Get(ctx, "apples"); n != 3 || !ok || err != nil {
			t.Errorf("Get at %s = %d, %t, %v; want 3", e.URL(), n, ok, err)
		}
	})
}

// TestEmpty uses the same key in two tests, one after the other.
func TestEmpty(t *testing.T) {
	t.Parallel()
	for range 2 {
		Matrix(t, func(t *testing.T, e *Env) {
			added, err := e.Client().SAdd(ctx, "seen", "it").Result()
			if added != 1 || err != nil {
				t.Errorf("SAdd = %d, %v; want a database without the key", added, err)
			}
		})
	}
}

// TestFaults kills, restarts, freezes and thaws a process and a container.
func TestFaults(t *testing.T) {
	for name, opts := range map[string][]Option{"process": {Alone()}, "container": {Alone(), Container()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New(t, opts...)
			s, rdb := e.Server(), e.Client()
			ping := func(within time.Duration) error {
				ctx, cancel := context.WithTimeout(ctx, within)
				defer cancel()
				_, err := collections.NewMap[string, int](rdb, "m").Len(ctx)
				return err
			}
			if err := ping(10 * time.Second); err != nil {
				t.Fatal(err)
			}
			s.Kill()
			if err := ping(50 * time.Millisecond); err == nil {
				t.Error("a killed server replies")
			}
			s.Restart()
			redistest.Eventually(t, 20*time.Second, func() bool { return ping(time.Second) == nil }, "it replies after a restart")
			s.Freeze()
			if err := ping(50 * time.Millisecond); err == nil {
				t.Error("a frozen server replies")
			}
			s.Thaw()
			redistest.Eventually(t, 20*time.Second, func() bool { return ping(time.Second) == nil }, "it replies when thawed")
			if !strings.Contains(s.Log(), "Ready to accept connections") {
				t.Errorf("its log is %q", s.Log())
			}
		})
	}
}

func TestFailover(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]Option{"processes": nil, "containers": {Container()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			e := Sentinel(t, opts...)
			t.Logf("it took %v to start", time.Since(began))
			m := collections.NewMap[string, int](e.Client(), "m")
			if err := m.Set(ctx, "k", 1); err != nil {
				t.Fatal(err)
			}
			e.Failover()
			redistest.Eventually(t, 20*time.Second, func() bool { return m.Set(ctx, "k", 2) == nil }, "the new master takes writes")
			clientsReachAll(t, e)
		})
	}
	t.Run("one server", func(t *testing.T) {
		e := New(t)
		if x := e.runFake(t, func(e *Env) { e.Failover() }); !x.failed {
			t.Errorf("output %q; want a failure", x.output)
		}
	})
}

// clientsReachAll connects to every address that sentinels return to clients.
func clientsReachAll(t *testing.T, e *Env) {
	t.Helper()
	s := redis.NewSentinelClient(&redis.Options{Addr: e.base.Addrs[0]})
	defer s.Close()
	replicas, err := s.Replicas(ctx, e.base.MasterName).Result()
	sentinels, err2 := s.Sentinels(ctx, e.base.MasterName).Result()
	if len(replicas) != 2 || len(sentinels) != 2 || err != nil || err2 != nil {
		t.Fatalf("%d replicas, %d other sentinels, %v, %v; want 2 of each", len(replicas), len(sentinels), err, err2)
	}
	published, _ := engineHost()
	for _, facts := range append(replicas, sentinels...) {
		addr := net.JoinHostPort(facts["ip"], facts["port"])
		c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DialTimeout: time.Second})
		if err := c.Ping(ctx).Err(); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		c.Close()
		if host, _, _ := net.SplitHostPort(addr); host != "127.0.0.1" && host != published {
			t.Errorf("%s is an address of the private network", addr)
		}
	}
	for _, x := range sentinels { // all must return the same master
		other := redis.NewSentinelClient(&redis.Options{Addr: net.JoinHostPort(x["ip"], x["port"])})
		defer other.Close()
		addr, err := other.GetMasterAddrByName(ctx, e.base.MasterName).Result()
		if err != nil || net.JoinHostPort(addr[0], addr[1]) != e.sentinelSet.Master() {
			t.Errorf("the master is at %q, %v; want %s", addr, err, e.sentinelSet.Master())
		}
	}
}

func TestTLS(t *testing.T) {
	for name, opts := range map[string][]Option{"process": nil, "container": {Container()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := TLS(t, opts...)
			m := collections.NewMap[string, int](e.Client(), "m")
			if err := m.Set(ctx, "k", 1); err != nil {
				t.Fatal(err)
			}
			for what, change := range map[string]func(*redis.UniversalOptions){
				"no TLS":                 func(o *redis.UniversalOptions) { o.TLSConfig = nil },
				"no trusted certificate": func(o *redis.UniversalOptions) { o.TLSConfig.RootCAs = nil },
				"TLS 1.1": func(o *redis.UniversalOptions) {
					o.TLSConfig.MinVersion, o.TLSConfig.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
				},
			} {
				c := e.NewClient(change, func(o *redis.UniversalOptions) { o.MaxRetries, o.DialerRetries = -1, 1 })
				if err := c.Ping(within(t, 5*time.Second)).Err(); err == nil {
					t.Errorf("a client with %s is served", what)
				}
			}
			e.Server().Kill()
			e.Server().Restart()
			redistest.Eventually(t, 20*time.Second, func() bool { return m.Set(ctx, "k", 1) == nil }, "it replies after a restart")
		})
	}
}

func TestRequire(t *testing.T) {
	e := New(t)
	x := e.runFake(t, func(e *Env) {
		e.Require("5.0")
		e.Require("99")
	})
	if !x.skipped || x.failed || !strings.Contains(x.output[len(x.output)-1], e.Version()) {
		t.Errorf("output %q; want a skip that names the version", x.output)
	}
}

func TestOlder(t *testing.T) {
	for _, tt := range []struct {
		has, wants string
		older      bool
	}{
		{"7.0.15", "7.4", true},
		{"7.4.0", "7.4", false},
		{"7.4", "7.4.1", true},
		{"10.0", "9.9", false},
		{"8.0-rc1", "8.0", false},
		{"", "7", true},
	} {
		if got := older(tt.has, tt.wants); got != tt.older {
			t.Errorf("older(%q, %q) = %t", tt.has, tt.wants, got)
		}
	}
	if _, v := clients.Product("# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n"); v != "8.0.1" {
		t.Errorf("the version of Valkey is %q", v)
	}
}

// TestServerNeedsDedicated: a test does not get a shared server to kill.
func TestServerNeedsDedicated(t *testing.T) {
	needServer(t, "cluster", "this test")
	x := Cluster(t).runFake(t, func(e *Env) { e.Server() })
	if !x.failed || !strings.Contains(x.output[len(x.output)-1], "Alone") {
		t.Errorf("output %q; want a failure with a hint", x.output)
	}
	if e := Cluster(t, Replicas(1)); len(e.Servers()) != 6 {
		t.Errorf("%d servers of a cluster with replicas; want 6", len(e.Servers()))
	}
}

// needServer skips the test if no server is on PATH.
func needServer(t testing.TB, word, what string) {
	t.Helper()
	if redistest.ServerBinary() == "" {
		skipMissing(t, what+" needs redis-server or valkey-server on PATH", word)
	}
}
