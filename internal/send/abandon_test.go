package send_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestFrozenServer freezes a server for five seconds and makes ten thousand calls with a
// timeout of 10 ms. All return in time, and at most MaxAbandoned abandoned calls remain.
// Calls work again when the server is resumed.
func TestFrozenServer(t *testing.T) {
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	rdb := s.Client(t, func(o *redis.Options) { o.PoolSize = 200 })
	sender := send.New(rdb)
	if err := sender.Write(ctx, redis.NewIntCmd(ctx, "incr", "warm")); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	s.Freeze()
	frozen := time.Now()
	var group sync.WaitGroup
	var mu sync.Mutex
	var slowest time.Duration
	for batch := range 20 {
		for i := range 500 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
				defer cancel()
				start := time.Now()
				var err error
				if (batch+i)%2 == 0 {
					err = sender.Write(ctx, redis.NewIntCmd(ctx, "incr", "n"))
				} else {
					err = sender.Read(ctx, redis.NewStringCmd(ctx, "get", "n"))
				}
				took := time.Since(start)
				if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, send.ErrUnavailable) {
					t.Errorf("error %v, want the deadline or ErrUnavailable", err)
				}
				mu.Lock()
				defer mu.Unlock()
				slowest = max(slowest, took)
			})
		}
		group.Wait()
	}
	if left := sender.Abandoned(); left > send.MaxAbandoned {
		t.Errorf("%d abandoned commands, want at most %d", left, send.MaxAbandoned)
	}
	redistest.Eventually(t, 10*time.Second, func() bool {
		return runtime.NumGoroutine()-before <= send.MaxAbandoned+2 // and goroutines of the test
	}, "at most MaxAbandoned goroutines stay")
	stats := rdb.PoolStats() // a connection whose dial took too long for its caller is idle, not lost
	if busy := stats.TotalConns - stats.IdleConns; busy > send.MaxAbandoned {
		t.Errorf("%d connections are busy, want at most %d", busy, send.MaxAbandoned)
	}
	if slowest > 3*time.Second { // 10 ms on an idle machine; less than the frozen server's 5 s
		t.Errorf("the slowest call took %v", slowest)
	}
	t.Logf("10000 calls, slowest %v", slowest)
	if rest := 5*time.Second - time.Since(frozen); rest > 0 {
		<-time.After(rest)
	}
	s.Thaw()
	redistest.Eventually(t, 10*time.Second, func() bool {
		return sender.Write(ctx, redis.NewIntCmd(ctx, "incr", "after")) == nil
	}, "a write succeeds")
	redistest.Eventually(t, 20*time.Second, func() bool { return sender.Abandoned() == 0 }, "nothing stays behind")
}

// TestLeftCommandIsNotTouched lets callers abandon commands while their replies arrive.
// The race detector reports a caller that reads a command after it has abandoned it.
func TestLeftCommandIsNotTouched(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	sender := send.New(s.Client(t))
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for j := range 50 {
				ctx, cancel := context.WithTimeout(ctx, time.Duration(i*j%300)*time.Microsecond)
				cmd := redis.NewIntCmd(ctx, "incr", "n")
				err := sender.Write(ctx, cmd)
				if err == nil && cmd.Val() == 0 {
					t.Error("an acknowledged INCR without its value")
				}
				cancel()
			}
		})
	}
	group.Wait()
	redistest.Eventually(t, 20*time.Second, func() bool { return sender.Abandoned() == 0 }, "nothing stays behind")
}

// TestPanicOfAHook: a panic of a hook reaches the caller, with and without a context that
// can end.
func TestPanicOfAHook(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	rdb.AddHook(panicHook{})
	sender := send.New(rdb)
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, ctx := range []context.Context{ctx, cancelable} {
		func() {
			defer func() {
				if r := recover(); r != "hook" {
					t.Errorf("recovered %v, want the hook's panic", r)
				}
			}()
			_ = sender.Read(ctx, redis.NewStringCmd(ctx, "get", "n"))
		}()
	}
	if sender.Abandoned() != 0 {
		t.Errorf("%d commands left behind", sender.Abandoned())
	}
}

type panicHook struct{}

func (panicHook) DialHook(next redis.DialHook) redis.DialHook { return next }
func (panicHook) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { panic("hook") }
}

func (panicHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestLeaveWhileGreeting abandons a write while its connection is being set up. No byte
// of it has been sent at that time, but go-redis sends it later.
func TestLeaveWhileGreeting(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	p.Delay(1, 2*time.Second, redistest.Command("hello"))
	rdb := redis.NewClient(&redis.Options{Addr: p.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	err := send.New(rdb).Unbatched().Write(short, redis.NewStatusCmd(ctx, "set", "k", "v"))
	if !errors.Is(err, send.ErrMaybeRan) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write: %v; want ErrMaybeRan and the deadline", err)
	}
	raw := s.Client(t)
	redistest.Eventually(t, 5*time.Second, func() bool { return raw.Exists(ctx, "k").Val() == 1 }, "the write arrives")
}
