package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// TestBlockedAtFormerMaster blocks at a master that is then replaced, and continues to
// serve its clients, among them a session. A command without a time limit must not wait
// there forever.
func TestBlockedAtFormerMaster(t *testing.T) {
	t.Parallel()
	former, next := redistest.StartServer(t), redistest.StartServer(t)
	var master atomic.Pointer[redistest.Server]
	master.Store(former)
	var silent atomic.Bool
	asked, hold := make(chan struct{}, 100), make(chan struct{})
	sentinel := redistest.FakeServer(t, func(args []string) string {
		switch {
		case args[0] == "hello":
			return "-ERR unknown command 'hello'\r\n"
		case len(args) > 1 && args[1] == "get-master-addr-by-name":
			if silent.Load() {
				asked <- struct{}{}
				<-hold
			}
			host, port, _ := net.SplitHostPort(master.Load().Addr)
			return fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(host), host, len(port), port)
		case args[0] == "sentinel":
			return "*0\r\n"
		case args[0] == "subscribe":
			return "" // no news
		}
		return "+OK\r\n"
	})
	rdb := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{sentinel}, Protocol: redistest.Protocol(t), ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = rdb.Close() })
	t.Cleanup(func() { close(hold) }) // before the sentinel ends
	r := New(rdb)

	type outcome struct {
		values []string
		err    error
	}
	run := func(args ...any) chan outcome {
		done := make(chan outcome, 1)
		go func() {
			values, _, err := Run[[]string](ctx, r, args...)
			done <- outcome{values, err}
		}()
		return done
	}
	blocked := func(s *redistest.Server, n int) {
		t.Helper()
		admin := s.Client(t)
		redistest.Eventually(t, 20*time.Second, func() bool {
			clients, err := admin.InfoMap(ctx, "clients").Result()
			return err == nil && clients["Clients"]["blocked_clients"] == fmt.Sprint(n)
		}, fmt.Sprintf("%d clients block", n))
	}

	s, err := r.Session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Do(ctx, "set", "k", "v"); err != nil {
		t.Fatal(err)
	}
	write, read := run("blpop", "list", 0), run("xread", "block", 0, "streams", "stream", "$")
	blocked(former, 2)
	master.Store(next)
	if got := <-write; !errors.Is(got.err, desir.ErrMaybeRan) || !errors.Is(got.err, errDeposed) {
		t.Errorf("BLPOP at the former master: %v; want ErrMaybeRan and the reason", got.err)
	}
	if got := <-read; !errors.Is(got.err, desir.ErrUnavailable) || !errors.Is(got.err, errDeposed) {
		t.Errorf("XREAD at the former master: %v; want ErrUnavailable and the reason", got.err)
	}

	if _, err := s.Do(ctx, "get", "k"); !errors.Is(err, desir.ErrClosed) || !errors.Is(err, errDeposed) || !s.Ended() {
		t.Errorf("a session at the former master: %v; want ErrClosed and the reason", err)
	}
	again := run("blpop", "list", 0)
	blocked(next, 1)
	if err := next.Client(t).RPush(ctx, "list", "a").Err(); err != nil {
		t.Fatal(err)
	}
	if got := <-again; got.err != nil || len(got.values) != 2 {
		t.Errorf("BLPOP at the new master: %q, %v", got.values, got.err)
	}

	// Sentinels that do not reply delay nothing: the context ends both calls.
	short, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := r.Do(short, "blpop", "list", 0)
		ended <- err
	}()
	blocked(next, 1)
	silent.Store(true)
	select {
	case <-asked: // five seconds later
	case err := <-ended:
		t.Fatalf("BLPOP ended: %v", err)
	}
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("BLPOP while the sentinels are silent: %v; want the context's error", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("BLPOP waits for the sentinels")
	}
}
