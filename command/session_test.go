package command

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

var inSessions = Allow("multi", "exec", "discard", "watch", "select", "subscribe", "monitor", "client reply")

// sessionLine runs the words of a line in a session.
func sessionLine(ctx context.Context, s *Session, line string) (Reply, error) {
	return s.Do(ctx, anySlice(strings.Fields(line))...)
}

// TestOneConnection verifies that the commands of a session share one connection, which
// no other caller uses.
func TestOneConnection(t *testing.T) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		r := New(b.Client, inSessions)
		s, err := r.Session(ctx)
		if b.Name == "cluster" || b.Name == "autopipeline" && err != nil {
			if !errors.Is(err, desir.ErrNotSupported) {
				t.Errorf("Session: %v; want ErrNotSupported", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		key := b.Key("k")
		for _, tt := range []struct{ line, want string }{
			{"multi", "OK"},
			{"set " + key + " 1", "QUEUED"},
			{"incr " + key, "QUEUED"},
			{"exec", "1) \"OK\"\n2) (integer) 2"},
			{"watch " + key, "OK"},
			{"set " + key + " 9", "OK"},
			{"multi", "OK"},
			{"get " + key, "QUEUED"},
			{"exec", "(nil)"},
			{"select 7", "OK"},
			{"get " + key, "(nil)"},
		} {
			reply, err := sessionLine(ctx, s, tt.line)
			if got := reply.String(); err != nil || got != tt.want {
				t.Errorf("%s: %q, %v; want %q", tt.line, got, err, tt.want)
			}
		}
		for range 50 {
			if got := do(t, r, "get", key); got.String() != "9" {
				t.Fatalf("another caller reads %v: from the session's connection", got)
			}
		}
		for _, line := range []string{"subscribe c", "monitor", "client reply off"} {
			if _, err := sessionLine(ctx, s, line); !errors.Is(err, desir.ErrNotSupported) {
				t.Errorf("%s: %v; want ErrNotSupported", line, err)
			}
		}
		for line, want := range map[string]error{"flushall": ErrNotAllowed, "nosuch": ErrUnknown, "incr " + key + " x": nil} {
			if _, err := sessionLine(ctx, s, line); err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("%s: %v; want %v", line, err, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := sessionLine(ctx, s, "get "+key); !errors.Is(err, desir.ErrClosed) {
			t.Errorf("a closed session: %v; want ErrClosed", err)
		}
	})
}

// TestSessionEnds verifies that a session honours contexts, keeps its connection if it
// can, and reports when the connection is lost.
func TestSessionEnds(t *testing.T) {
	server := redistest.StartServer(t)
	p := redistest.NewProxy(t, server.Addr)
	admin := server.Client(t)
	rdb := server.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	s, err := New(rdb, inSessions).Session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	line := func(ctx context.Context, line string) error {
		t.Helper()
		_, err := sessionLine(ctx, s, line)
		return err
	}
	if err := line(ctx, "select 3"); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(ctx)
	blocked := make(chan error, 1)
	go func() { blocked <- line(short, "blpop none 0") }()
	redistest.Eventually(t, 10*time.Second, func() bool { return strings.Contains(admin.Info(ctx, "clients").Val(), "blocked_clients:1") }, "a command that blocks")
	cancel()
	if err := <-blocked; !errors.Is(err, context.Canceled) {
		t.Errorf("a command that blocked: %v; want the context's error", err)
	}
	if err := line(ctx, "set a 1"); err != nil {
		t.Fatalf("the session goes on: %v", err)
	}
	if got := admin.Do(ctx, "get", "a").Val(); got != nil {
		t.Errorf("database 0 has %v", got)
	}
	p.CutReply(1, redistest.Command("incr"))
	if err := line(ctx, "incr a"); !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("a lost reply: %v; want ErrMaybeRan", err)
	}
	if err := line(ctx, "incr a"); !s.Ended() || !errors.Is(err, desir.ErrClosed) || p.Count("incr") != 1 {
		t.Errorf("behind it: %v, sent %d times; want ErrClosed and one", err, p.Count("incr"))
	}
	server.Kill()
	if _, err := New(rdb).Session(ctx); !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("a dead server: %v; want ErrUnavailable", err)
	}
	if _, err := New(nil).Session(ctx); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("no client: %v; want ErrNotSupported", err)
	}
}
