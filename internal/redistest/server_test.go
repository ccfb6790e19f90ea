package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// failFast makes a client fail at once, for tests of servers that do not reply.
func failFast(o *redis.Options) {
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout = 200 * time.Millisecond
	o.ReadTimeout = 200 * time.Millisecond
}

func TestKillAndRestart(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts []ServerOption
		keep bool
	}{
		{"AOF always", []ServerOption{AOF("always")}, true},
		{"no AOF", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Goroutines(t)
			ctx := context.Background()
			s := StartServer(t, tt.opts...)
			addr, pid := s.Addr, s.PID()
			c := s.Client(t, failFast)
			if err := c.Set(ctx, "stock", 7, 0).Err(); err != nil {
				t.Fatal(err)
			}
			s.Kill()
			if err := c.Get(ctx, "stock").Err(); err == nil || errors.Is(err, redis.Nil) {
				t.Errorf("Get from a killed server: %v; want an error of the network", err)
			}
			s.Restart()
			if s.Addr != addr || s.PID() == pid {
				t.Errorf("restarted at %s as %d; want another process at %s", s.Addr, s.PID(), addr)
			}
			switch got, err := c.Get(ctx, "stock").Int(); {
			case tt.keep && (got != 7 || err != nil):
				t.Errorf("Get = %d, %v; want 7", got, err)
			case !tt.keep && !errors.Is(err, redis.Nil):
				t.Errorf("Get = %d, %v; want redis.Nil", got, err)
			}
		})
	}
}

func TestFreezeAndThaw(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := StartServer(t)
	c := s.Client(t, failFast)
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	var timeout net.Error
	if err := c.Incr(ctx, "n").Err(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Incr on a frozen server: %v; want a timeout", err)
	}
	s.Thaw()
	Eventually(t, 20*time.Second, func() bool { return c.Get(ctx, "n").Val() == "1" },
		"the frozen server executes what it was sent")
	s.Freeze() // frozen when the test ends
}

func TestServerSocket(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := StartServer(t)
	c := s.Client(t, func(o *redis.Options) { o.Network, o.Addr = "unix", s.Socket })
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got := s.Client(t).Get(ctx, "k").Val(); got != "v" {
		t.Errorf("Get through TCP = %q; want what was set through the socket", got)
	}
}

func TestServerTLS(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, stranger := StartServer(t, TLS()), StartServer(t, TLS())
	for _, host := range []string{"localhost", "127.0.0.1"} {
		config := s.TLSConfig()
		config.ServerName = host
		c := s.Client(t, func(o *redis.Options) { o.Addr, o.TLSConfig = s.TLSAddr, config })
		if err := c.Ping(ctx).Err(); err != nil {
			t.Errorf("as %s: %v", host, err)
		}
	}
	c := s.Client(t, failFast, func(o *redis.Options) { o.Addr, o.TLSConfig = s.TLSAddr, stranger.TLSConfig() })
	if err := c.Ping(ctx).Err(); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with another server's CA: %v; want a refused certificate", err)
	}
}

func TestServerConfig(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := StartServer(t,
		Config("maxmemory", "3mb"),
		Config("user", "reader on >secret ~stock:* +@read +hello"))
	if got := s.Client(t).ConfigGet(ctx, "maxmemory").Val()["maxmemory"]; got != fmt.Sprint(3<<20) {
		t.Errorf("maxmemory = %s; want 3 MiB", got)
	}
	reader := s.Client(t, func(o *redis.Options) { o.Username, o.Password = "reader", "secret" })
	if err := reader.Get(ctx, "stock:1").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("a reader's Get: %v; want redis.Nil", err)
	}
	if err := reader.Set(ctx, "stock:1", 1, 0).Err(); !redis.IsPermissionError(err) {
		t.Errorf("a reader's Set: %v; want a refusal", err)
	}
}

func TestReplica(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	master := StartServer(t)
	replica := StartServer(t, ReplicaOf(master))
	if err := master.Client(t).Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	c := replica.Client(t)
	Eventually(t, 10*time.Second, func() bool { return c.Get(ctx, "k").Val() == "v" }, "the replica has the value")
	if err := c.Set(ctx, "k", "w", 0).Err(); !redis.IsReadOnlyError(err) {
		t.Errorf("Set on a replica: %v; want READONLY", err)
	}
}

func TestServersLeaveNothing(t *testing.T) {
	needServer(t, "redis")
	var s *Server
	fake := runFake(t, func(t testing.TB) {
		s = StartServer(t)
		s.Freeze() // a frozen server ends too
	})
	if len(fake.failures) > 0 {
		t.Fatal(fake.failures)
	}
	if !s.proc.ended() {
		t.Errorf("process %d still runs", s.PID())
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("directory %s: %v; want it gone", s.Dir, err)
	}
}

func TestRestartFailureIsTheTests(t *testing.T) {
	needServer(t, "redis")
	fake := runFake(t, func(t testing.TB) {
		s := StartServer(t)
		if err := os.WriteFile(s.configPath(), []byte("no-such-directive 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Restart()
	})
	if len(fake.failures) != 1 || !strings.Contains(fake.failures[0], "no-such-directive") {
		t.Errorf("failures %q; want one with the server's log", fake.failures)
	}
}
