package send

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// task is what a goroutine runs for a caller. The caller may leave before it ends.
type task struct {
	cmd   redis.Cmder                 // sent by the client's Process,
	run   func(context.Context) error // unless this is set
	late  func()                      // called after run if the caller has left; may be nil
	write bool
	many  bool // run sends any number of commands

	decided  atomic.Bool // set by the first of two events: the reply, or the caller leaves
	err      error
	panicked any
	done     chan struct{}
}

// decide records one of the two events, and reports whether it is the first.
func (t *task) decide() bool { return t.decided.CompareAndSwap(false, true) }

// runAbandonable runs a task on a goroutine, so that the caller can leave when ctx ends.
// The goroutine has the caller's context. So a command that waits for a connection ends
// with the context, and only a command in flight is abandoned. It holds its slot until
// go-redis returns, with the reply or after ReadTimeout. abandoned reports that the
// command was abandoned. It may still be executed then, even if nothing was written so
// far: go-redis may be setting up a new connection, and write the command afterwards.
func (s *client) runAbandonable(ctx context.Context, t *task) (abandoned bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if int(s.abandoned.Load()) >= cap(s.slots) {
		return false, errTooManyAbandoned
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	err = s.errIfDrained()
	if t.many {
		err = s.errIfDraining()
	}
	if err != nil {
		<-s.slots
		return false, err
	}
	t.done = make(chan struct{})
	go s.execute(ctx, t)
	select {
	case <-t.done:
		return false, t.result()
	case <-ctx.Done():
		return s.abandon(ctx, t)
	}
}

func (s *client) execute(ctx context.Context, t *task) {
	defer func() {
		t.panicked = recover()
		if !t.decide() {
			if t.late != nil {
				_ = CatchHookPanic(func() error { t.late(); return nil })
			}
			s.abandoned.Add(-1)
		}
		<-s.slots
		close(t.done)
	}()
	t.err = errGoroutineEnded
	if t.run != nil {
		t.err = t.run(ctx)
		return
	}
	t.err = process(ctx, s.rdb, t.cmd)
}

// abandon ends the caller's wait. It waits a moment for a write that never had a
// connection, which is then known not to have been executed.
func (s *client) abandon(ctx context.Context, t *task) (abandoned bool, err error) {
	if t.write {
		timer := time.NewTimer(abandonGrace)
		defer timer.Stop()
		select {
		case <-t.done:
			return false, t.result()
		case <-timer.C:
		}
	}
	s.abandoned.Add(1)
	if !t.decide() { // the reply was first
		s.abandoned.Add(-1)
		<-t.done
		return false, t.result()
	}
	return true, ctx.Err()
}

// result returns the error of the task. If a hook panicked, result panics with the same
// value, on the caller's goroutine.
func (t *task) result() error {
	if t.panicked != nil {
		panic(t.panicked)
	}
	return t.err
}

// RunOr calls f and returns its result. If ctx ends, RunOr waits for f for the time of
// grace and then leaves. f continues, counts as an abandoned command, and its result goes
// to late. So exactly one of the caller and late gets the result. The context that f gets
// ends only waits for a connection.
//
// If f was not called, the error is [ErrUnavailable] with the context's error, or the
// reason. If the caller has left, abandoned is true, and the error is ErrMaybeRan with the
// context's error. If a hook panics in f, RunOr panics with the same value; for late, the
// error is then [ErrHookPanic] with ErrMaybeRan.
func RunOr[T any](ctx context.Context, s *Sender, grace time.Duration, f func(context.Context) (T, error), late func(T, error)) (v T, abandoned bool, err error) {
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		if err := s.errIfDraining(); err != nil {
			return v, false, err
		}
		v, err = f(ctx)
		return v, false, err
	}
	if err := ctx.Err(); err != nil {
		return v, false, WithClass(ErrUnavailable, err)
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	inner := context.Context(onCallerContext{ctx})
	if s.nodes == nil { // a client of an unknown type may not wait for a reply after the end of ctx
		inner = context.WithoutCancel(ctx)
	}
	var begun atomic.Bool // set by the first of two events: f begins, or RunOr returns
	var result T
	var called bool
	t := &task{many: true}
	t.run = func(context.Context) (err error) {
		if called = begun.CompareAndSwap(false, true); called {
			result, err = f(inner)
		}
		return err
	}
	t.late = func() {
		switch {
		case t.panicked != nil:
			late(result, WithClass(ErrMaybeRan, hookPanic(t.panicked)))
		case called:
			late(result, t.err)
		}
	}
	abandoned, err = s.runAbandonable(longer, t)
	switch notCalled := begun.CompareAndSwap(false, true); {
	case !notCalled && abandoned:
		return v, true, WithClass(ErrMaybeRan, ctx.Err())
	case !notCalled:
		return result, false, err
	case errors.Is(err, errTooManyAbandoned):
		return v, false, WithClass(ErrUnavailable, err)
	case errors.Is(err, ErrCloseCalled):
		return v, false, err
	default:
		return v, false, WithClass(ErrUnavailable, ctx.Err())
	}
}

// errGoroutineEnded is the error of a call whose hook has called [runtime.Goexit].
var errGoroutineEnded = errors.New("a hook ended the goroutine of the call")

// onCallerContext is the context of calls that are not abandoned. Its end ends only their
// wait for a connection. It hides the deadline, which a client might apply to the reply.
type onCallerContext struct{ context.Context }

func (onCallerContext) Deadline() (deadline time.Time, ok bool) { return }

// runsOnCaller reports whether a call with this context runs on its caller's goroutine.
func runsOnCaller(ctx context.Context) bool {
	if ctx.Done() == nil {
		return true
	}
	_, ok := ctx.(onCallerContext)
	return ok
}
