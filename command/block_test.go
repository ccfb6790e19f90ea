package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// blockers returns the backends whose clients can block.
func blockers(t *testing.T, test func(t *testing.T, b *redistest.Redis)) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		if b.Name == "autopipeline" {
			if _, err := New(b.Client).Do(ctx, "blpop", b.Key("q"), 1); !errors.Is(err, desir.ErrNotSupported) {
				t.Errorf("blpop through an AutoPipeliner: %v", err)
			}
			return
		}
		test(t, b)
	})
}

func TestBlocking(t *testing.T) {
	t.Parallel()
	blockers(t, func(t *testing.T, b *redistest.Redis) {
		r := New(b.Client)
		q := b.Key("q")
		if reply := do(t, r, "blpop", q, 0.01); !reply.IsNil() {
			t.Errorf("blpop of nothing = %v", reply)
		}
		do(t, r, "rpush", q, "a")
		if got, _, err := Run[[]string](ctx, r, "blpop", q, 0); err != nil || len(got) != 2 || got[1] != "a" {
			t.Errorf("blpop = %q, %v", got, err)
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			got, ok, err := Run[[]string](ctx, r, "BRPOP", q, 0)
			if err != nil || !ok || got[1] != "late" {
				t.Errorf("brpop = %q, %t, %v", got, ok, err)
			}
		})
		do(t, r, "rpush", q, "late")
		waiting.Wait()
		if _, err := r.Do(ctx, "blpop", q, -1); err == nil {
			t.Error("a negative timeout passes the server")
		}
		do(t, r, "set", b.Key("text"), "x")
		if _, err := r.Do(ctx, "blpop", b.Key("text"), 0); !errors.Is(err, desir.ErrWrongType) {
			t.Errorf("blpop of a text: %v", err)
		}
	})
}

// TestBlockingEnds cancels blocked commands. They return, and take no element that is
// added later.
func TestBlockingEnds(t *testing.T) {
	blockers(t, func(t *testing.T, b *redistest.Redis) {
		r := New(b.Client)
		q := b.Key("q")
		for _, line := range [][]any{{"blpop", q, 0}, {"blmove", q, q, "LEFT", "RIGHT", 0}, {"bzpopmin", b.Key("z"), 0}, {"xread", "BLOCK", 0, "STREAMS", b.Key("s"), "$"}} {
			if b.Name == "embedded" && line[0] == "bzpopmin" {
				continue
			}
			limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			start := time.Now()
			_, err := r.Do(limited, line...)
			cancel()
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 3*time.Second {
				t.Errorf("%v: %v after %v", line[0], err, took)
			}
			if line[0] == "xread" && (errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable)) {
				t.Errorf("a read: %v", err)
			}
		}
		if b.Name == "embedded" {
			return // it has no CLIENT UNBLOCK: what it gives to a connection that has gone is gone
		}
		redistest.Eventually(t, 20*time.Second, func() bool { // the reply comes within milliseconds, or in a later attempt
			limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := r.Do(limited, "blpop", q, 0)
			return errors.Is(err, desir.ErrUnavailable) && errors.Is(err, context.DeadlineExceeded)
		}, "a command that ends knows that it took nothing")
		redistest.Eventually(t, 5*time.Second, func() bool { return blocked(t, b, q) == 0 }, "nobody blocks")
		do(t, r, "rpush", q, "a")
		if n, _, err := Run[int](ctx, r, "llen", q); n != 1 || err != nil {
			t.Errorf("%d elements, %v; want the one that came later", n, err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := r.Do(ended, "blpop", q, 0); !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("an ended context: %v", err)
		}
	})
}

// blocked returns the number of blocked clients at the master of a key.
func blocked(t *testing.T, b *redistest.Redis, key string) int {
	t.Helper()
	var n int
	for _, c := range lastCommands(t, b.Master(t, key)) {
		if c == "blpop" || c == "blmove" || c == "bzpopmin" || c == "xread" {
			n++
		}
	}
	return n
}

// lastCommands returns the last command of each client.
func lastCommands(t *testing.T, node *redis.Client) []string {
	t.Helper()
	list, _, err := Run[string](ctx, New(node), "client", "list")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, word := range strings.Fields(list) {
		if name, ok := strings.CutPrefix(word, "cmd="); ok {
			names = append(names, name)
		}
	}
	return names
}

// TestNothingIsLost adds elements while commands are cancelled. Each element is
// returned by a call, is still stored, or is reported as perhaps lost.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	r := New(rdb)
	const n = 100
	got, maybe := 0, 0
	for i := range n {
		limited, cancel := context.WithCancel(ctx)
		var waiting, racing sync.WaitGroup
		waiting.Go(func() {
			_, ok, err := Run[[]string](limited, r, "BLPOP", "q", 0)
			switch {
			case ok && err == nil:
				got++
			case errors.Is(err, desir.ErrMaybeRan):
				maybe++
			case !errors.Is(err, context.Canceled):
				t.Errorf("BLPOP: %v", err)
			}
		})
		redistest.Eventually(t, 10*time.Second, func() bool { return slices.Contains(lastCommands(t, rdb), "blpop") }, "it blocks")
		racing.Go(cancel)
		racing.Go(func() { do(t, r, "RPUSH", "q", i) })
		racing.Wait()
		waiting.Wait()
		left, _, err := Run[int](ctx, r, "LLEN", "q")
		if err != nil || got+left > i+1 || got+left+maybe < i+1 {
			t.Fatalf("%d got, %d left, %d perhaps, of %d; %v", got, left, maybe, i+1, err)
		}
		if left > 0 { // the next one is to wait
			do(t, r, "LPOP", "q")
			got++
		}
	}
	t.Logf("%d got or left, %d perhaps", got, maybe)
}

// TestBlockingClosed verifies that a closed client also refuses commands on dedicated
// connections.
func TestBlockingClosed(t *testing.T) {
	blockers(t, func(t *testing.T, b *redistest.Redis) {
		rdb := b.NewClient(t)
		r, q := New(rdb), b.Key("q")
		do(t, r, "rpush", q, "a", "b")
		if got, _, err := Run[[]string](ctx, r, "blpop", q, 1); err != nil || got[1] != "a" {
			t.Errorf("blpop = %q, %v", got, err)
		}
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		if got, _, err := Run[[]string](ctx, r, "blpop", q, 1); !errors.Is(err, desir.ErrClosed) {
			t.Errorf("blpop of a closed client = %q, %v; want ErrClosed", got, err)
		}
	})
}
