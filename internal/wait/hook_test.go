package wait_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// panicHook is a hook that panics at selected commands and counts its panics.
type panicHook struct {
	match func(redis.Cmder) bool
	count atomic.Int64
}

func (p *panicHook) check(cmds []redis.Cmder) {
	if slices.ContainsFunc(cmds, p.match) {
		p.count.Add(1)
		panic("hook")
	}
}

func (*panicHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *panicHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p.check([]redis.Cmder{cmd})
		return next(ctx, cmd)
	}
}

func (p *panicHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		p.check(cmds)
		return next(ctx, cmds)
	}
}

func withName(name string) func(redis.Cmder) bool {
	return func(cmd redis.Cmder) bool { return cmd.Name() == name }
}

func withKey(key string) func(redis.Cmder) bool {
	return func(cmd redis.Cmder) bool { return slices.Contains(cmd.Args(), any(key)) }
}

// panicking returns the waiter of a client with a hook that panics.
func panicking(t *testing.T, rdb redis.UniversalClient, at func(redis.Cmder) bool) (*wait.Waiter, *panicHook) {
	t.Helper()
	p := &panicHook{match: at}
	rdb.AddHook(p)
	return waiterOf(t, rdb), p
}

func waiterOf(t *testing.T, rdb redis.UniversalClient) *wait.Waiter {
	t.Helper()
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	return wait.Of(h)
}

// receiveAsync starts a receiver of a list and returns a channel with its result.
func receiveAsync(t *testing.T, w *wait.Waiter, name string) <-chan string {
	got := make(chan string, 1)
	ctx := within(t, 20*time.Second)
	go func() {
		values, err := w.Receive(ctx, wait.ListOf(name).Source, 1)
		if err != nil {
			t.Errorf("Receive of %q: %v", name, err)
		}
		got <- strings.Join(values, " ")
	}()
	return got
}

// TestHookPanics lets hooks of the client panic on goroutines of the library. The affected
// receivers get an error, and the others go on.
func TestHookPanics(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	raw := srv.Client(t)
	push := func(name string) {
		t.Helper()
		if err := raw.RPush(t.Context(), name, "v").Err(); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, rdb redis.UniversalClient, err error) {
		t.Helper()
		if !errors.Is(err, send.ErrMaybeRan) || !strings.HasSuffix(err.Error(), "hook") {
			t.Errorf("Receive: %v; want ErrMaybeRan and the panic", err)
		}
		if n := clients.LostValues(rdb); n != 1 {
			t.Errorf("%d values are perhaps lost; want 1", n)
		}
	}

	t.Run("pipeline", func(t *testing.T) {
		c := srv.Client(t)
		ap, err := c.AutoPipeline() // its loop has no dedicated connection
		if err != nil {
			t.Fatal(err)
		}
		defer ap.Close()
		w, _ := panicking(t, ap, withName("blpop"))
		_, err = w.Receive(within(t, 20*time.Second), wait.ListOf("none").Source, 1)
		check(t, ap, err)
	})

	t.Run("check of the client", func(t *testing.T) {
		w, p := panicking(t, srv.Client(t), withName("ping"))
		push("asked")
		if v := <-receiveAsync(t, w, "asked"); v != "v" || p.count.Load() == 0 {
			t.Errorf("received %q; the hook has panicked %d times", v, p.count.Load())
		}
	})

	t.Run("interrupt", func(t *testing.T) {
		w, p := panicking(t, srv.Client(t), withName("rpush"))
		waiting := receiveAsync(t, w, "waiting")
		late := 0
		redistest.Eventually(t, 20*time.Second, func() bool {
			late++ // it came after the block began
			_, _ = w.Receive(within(t, 50*time.Millisecond), wait.ListOf(fmt.Sprint("late", late)).Source, 1)
			return p.count.Load() > 0
		}, "a block is interrupted")
		push("waiting")
		if v := <-waiting; v != "v" {
			t.Errorf("received %q", v)
		}
	})

	t.Run("requeue", func(t *testing.T) {
		rdb := srv.Client(t)
		w, _ := panicking(t, rdb, withKey("left"))
		w.RequeueAsync(t.Context(), wait.ListOf("left").Source, []string{"v"})
		redistest.Eventually(t, 20*time.Second, func() bool { return clients.LostValues(rdb) == 1 }, "the loss is counted")
	})
}

// TestClosedAutoPipeliner checks that receivers end with the error class of a closed client.
func TestClosedAutoPipeliner(t *testing.T) {
	redistest.Goroutines(t)
	ap, err := redistest.StartServer(t).Client(t).AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	if err := ap.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = waiterOf(t, ap).Receive(within(t, 20*time.Second), wait.ListOf("c").Source, 1)
	if !errors.Is(err, send.ErrClosed) || !errors.Is(err, redis.ErrClosed) {
		t.Errorf("Receive: %v; want ErrClosed and redis.ErrClosed", err)
	}
}
