package send

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// task is what a goroutine runs for a caller. It is an execution that its caller may
// abandon.
type task struct {
	cmd   redis.Cmder                 // sent by the client's Process,
	run   func(context.Context) error // unless this is set
	write bool
}

// runningTask is a task that runs on its own goroutine.
type runningTask struct {
	task
	err      error
	panicked any
	done     chan struct{}
	decided  atomic.Bool // set by the first of two events: the reply, or the end of the caller's wait
}

// runAbandonable runs a task on a goroutine, so that the caller can leave when ctx ends.
// The goroutine has the caller's context. So a command that waits for a connection ends
// with the context, and only a command in flight is abandoned. It holds its slot until
// go-redis returns, with the reply or after ReadTimeout. abandoned reports that the
// command was abandoned. It may still be executed then, even if nothing was written so
// far: go-redis may be setting up a new connection, and write the command afterwards.
func (s *client) runAbandonable(ctx context.Context, what task) (abandoned bool, err error) {
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
	if err := s.errIfDrained(); err != nil {
		<-s.slots
		return false, err
	}
	t := &runningTask{task: what, done: make(chan struct{})}
	go s.execute(ctx, t)
	select {
	case <-t.done:
		return false, t.result()
	case <-ctx.Done():
		return s.abandon(ctx, t)
	}
}

func (s *client) execute(ctx context.Context, t *runningTask) {
	defer func() {
		t.panicked = recover()
		if !t.decided.CompareAndSwap(false, true) {
			s.abandoned.Add(-1)
		}
		<-s.slots
		close(t.done)
	}()
	if t.run != nil {
		t.err = t.run(ctx)
		return
	}
	t.err = process(ctx, s.rdb, t.cmd)
}

// abandon ends the caller's wait. It waits a moment for a write that never had a
// connection, which is then known not to have been executed.
func (s *client) abandon(ctx context.Context, t *runningTask) (abandoned bool, err error) {
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
	if !t.decided.CompareAndSwap(false, true) { // the reply was first
		s.abandoned.Add(-1)
		<-t.done
		return false, t.result()
	}
	return true, ctx.Err()
}

// result returns the error of the task. If a hook panicked, result panics with the same
// value, on the caller's goroutine.
func (t *runningTask) result() error {
	if t.panicked != nil {
		panic(t.panicked)
	}
	return t.err
}

// RunWithGrace calls f, and returns at the latest grace after the end of ctx. A reply
// that arrives within grace is not lost. The context that f gets ends only waits for a
// connection. If RunWithGrace returns before f, the error wraps the context's error and a
// class: [ErrUnavailable] if f was not called, else [ErrMaybeRan]. f then continues, and
// counts as an abandoned command.
func (s *Sender) RunWithGrace(ctx context.Context, grace time.Duration, f func(context.Context)) error {
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		if err := s.errIfDrained(); err != nil {
			return err
		}
		f(ctx)
		return nil
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	inner := context.Context(onCallerContext{ctx})
	if s.nodes == nil { // a client of an unknown type may not wait for a reply after the end of ctx
		inner = context.WithoutCancel(ctx)
	}
	var begun atomic.Bool
	_, err := s.runAbandonable(longer, task{run: func(context.Context) error {
		begun.Store(true)
		f(inner)
		return nil
	}})
	switch {
	case err == nil:
		return nil
	case begun.Load():
		return WithClass(ErrMaybeRan, ctx.Err())
	case errors.Is(err, errTooManyAbandoned):
		return WithClass(ErrUnavailable, err)
	case errors.Is(err, ErrCloseCalled):
		return err
	default:
		return WithClass(ErrUnavailable, ctx.Err())
	}
}

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
