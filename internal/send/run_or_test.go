package send_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// lateResult is what RunOr gave to late.
type lateResult struct {
	n   int
	err error
}

// newRunOr returns a sender, and a function that calls RunOr and sends late results to a
// channel.
func newRunOr(t *testing.T) (*send.Sender, func(context.Context, time.Duration, func(context.Context) (int, error)) (int, bool, error), chan lateResult) {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}) // no test here sends anything
	t.Cleanup(func() { _ = rdb.Close() })
	sender, late := send.New(rdb), make(chan lateResult, 1)
	return sender, func(ctx context.Context, grace time.Duration, f func(context.Context) (int, error)) (int, bool, error) {
		return send.RunOr(ctx, sender, grace, f, func(n int, err error) { late <- lateResult{n, err} })
	}, late
}

// noLate fails the test if late has got a result, and waits until no call counts as
// abandoned.
func noLate(t *testing.T, s *send.Sender, late chan lateResult) {
	t.Helper()
	redistest.Eventually(t, 10*time.Second, func() bool { return s.Abandoned() == 0 }, "no call is abandoned")
	select {
	case got := <-late:
		t.Errorf("late got %v", got)
	default:
	}
}

var errOfF = errors.New("the error of f")

// TestRunOrInTime: a result that arrives while the caller waits goes to the caller, also
// during the grace.
func TestRunOrInTime(t *testing.T) {
	t.Parallel()
	s, runOr, late := newRunOr(t)
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, ctx := range []context.Context{ctx, cancelable} {
		n, abandoned, err := runOr(ctx, 0, func(context.Context) (int, error) { return 7, errOfF })
		if n != 7 || abandoned || !errors.Is(err, errOfF) {
			t.Errorf("RunOr = %d, %t, %v; want 7 and the error of f", n, abandoned, err)
		}
	}
	n, abandoned, err := runOr(cancelable, time.Minute, func(context.Context) (int, error) {
		cancel()
		return 8, nil
	})
	if n != 8 || abandoned || err != nil {
		t.Errorf("RunOr within the grace = %d, %t, %v; want 8", n, abandoned, err)
	}
	noLate(t, s, late)
}

// TestRunOrLate: the result of an abandoned call goes to late, before the call stops
// counting as abandoned.
func TestRunOrLate(t *testing.T) {
	t.Parallel()
	s, runOr, late := newRunOr(t)
	short, cancel := context.WithCancel(ctx)
	release := make(chan struct{})
	n, abandoned, err := runOr(short, time.Millisecond, func(context.Context) (int, error) {
		cancel()
		<-release
		return 7, errOfF
	})
	if n != 0 || !abandoned || !errors.Is(err, send.ErrMaybeRan) || !errors.Is(err, context.Canceled) {
		t.Errorf("RunOr = %d, %t, %v; want an abandoned call with ErrMaybeRan", n, abandoned, err)
	}
	if s.Abandoned() != 1 {
		t.Errorf("%d calls are abandoned, want 1", s.Abandoned())
	}
	close(release)
	if got := <-late; got.n != 7 || !errors.Is(got.err, errOfF) {
		t.Errorf("late got %v, want 7 and the error of f", got)
	}
	noLate(t, s, late)
}

// TestRunOrBoth lets a hundred callers leave while their results arrive. Each result goes
// to exactly one of the caller and late.
func TestRunOrBoth(t *testing.T) {
	t.Parallel()
	s, _, _ := newRunOr(t)
	for round := range 20 {
		var toCaller, toLate, begun atomic.Int64
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				got := 0
				n, abandoned, err := send.RunOr(ctx, s, time.Duration(i%3)*100*time.Microsecond, func(context.Context) (*int, error) {
					begun.Add(1)
					go cancel()
					for range i % 7 * 20 {
						runtime.Gosched()
					}
					got = i // without a race with the caller, which may read it only if it gets n
					return &got, nil
				}, func(n *int, _ error) {
					toLate.Add(1)
					*n = -1
				})
				switch {
				case err == nil && !abandoned:
					toCaller.Add(1)
					if *n != i {
						t.Errorf("RunOr = %d, want %d", *n, i)
					}
				case abandoned != errors.Is(err, send.ErrMaybeRan):
					t.Errorf("abandoned %t, error %v", abandoned, err)
				}
			})
		}
		group.Wait()
		redistest.Eventually(t, 10*time.Second, func() bool { return s.Abandoned() == 0 }, "no call is abandoned")
		if toCaller.Load()+toLate.Load() != begun.Load() {
			t.Errorf("round %d: %d results, of which %d went to callers and %d to late", round, begun.Load(), toCaller.Load(), toLate.Load())
		}
	}
}

// TestRunOrPanic: a panic of a hook reaches the caller, or late as an error if the caller
// has left. A goroutine that a hook ends is no success.
func TestRunOrPanic(t *testing.T) {
	t.Parallel()
	s, runOr, late := newRunOr(t)
	short, cancel := context.WithCancel(ctx)
	func() {
		defer func() {
			if r := recover(); r != "hook" {
				t.Errorf("recovered %v, want the hook's panic", r)
			}
		}()
		_, _, err := runOr(short, 0, func(context.Context) (int, error) { panic("hook") })
		t.Errorf("RunOr returned %v", err)
	}()
	if _, _, err := runOr(short, 0, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }); err == nil {
		t.Error("no error of a call whose goroutine has ended")
	}
	release := make(chan struct{})
	_, abandoned, err := runOr(short, 0, func(context.Context) (int, error) {
		cancel()
		<-release
		panic("hook")
	})
	if !abandoned {
		t.Errorf("RunOr = %t, %v; want an abandoned call", abandoned, err)
	}
	close(release)
	got := <-late
	if !errors.Is(got.err, send.ErrHookPanic) || !errors.Is(got.err, send.ErrMaybeRan) || !strings.Contains(got.err.Error(), "hook") {
		t.Errorf("late got %v, want ErrMaybeRan and the hook's panic", got.err)
	}
	noLate(t, s, late)
}

// TestRunOrNotCalled: after an error without an abandoned call, f is not called, neither
// before the return nor afterwards.
func TestRunOrNotCalled(t *testing.T) {
	t.Parallel()
	s, runOr, late := newRunOr(t)
	over, cancel := context.WithCancel(ctx)
	cancel()
	called := func(context.Context) (int, error) { t.Error("f was called"); return 0, nil }
	_, abandoned, err := runOr(over, 0, called)
	if abandoned || !errors.Is(err, send.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("RunOr = %t, %v; want ErrUnavailable and the context's error", abandoned, err)
	}
	noLate(t, s, late)
	if err := s.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	for _, ctx := range []context.Context{ctx, redistest.Within(t, time.Minute)} {
		if _, _, err := runOr(ctx, 0, called); !errors.Is(err, send.ErrCloseCalled) {
			t.Errorf("RunOr after Drain: %v, want ErrCloseCalled", err)
		}
	}
}
