package send

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// call is an execution that its caller may abandon.
type call struct {
	cmd   redis.Cmder                 // sent by the client's Process,
	run   func(context.Context) error // unless this is set
	write bool
}

// flight is a call that runs on its own goroutine.
type flight struct {
	call
	err      error
	panicked any
	done     chan struct{}
	over     atomic.Bool // set by the first of two events: the reply, or the caller leaving
}

// leavable runs c on a goroutine, so that the caller can leave when ctx ends. The goroutine
// has the caller's context. So a command that waits for a connection ends with the context,
// and only a command in flight is abandoned. It holds its slot until go-redis returns, with
// the reply or after ReadTimeout. left reports that the command was abandoned. It may still
// be executed then, even if nothing was written so far: go-redis may be setting up a new
// connection, and write the command afterwards.
func (s *client) leavable(ctx context.Context, c call) (left bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if int(s.left.Load()) >= cap(s.slots) {
		return false, errLeft
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if err := s.refusal(); err != nil {
		<-s.slots
		return false, err
	}
	f := &flight{call: c, done: make(chan struct{})}
	go s.fly(ctx, f)
	select {
	case <-f.done:
		return false, f.result()
	case <-ctx.Done():
		return s.leave(ctx, f)
	}
}

func (s *client) fly(ctx context.Context, f *flight) {
	defer func() {
		f.panicked = recover()
		if !f.over.CompareAndSwap(false, true) {
			s.left.Add(-1)
		}
		<-s.slots
		close(f.done)
	}()
	if f.run != nil {
		f.err = f.run(ctx)
		return
	}
	f.err = process(ctx, s.rdb, f.cmd)
}

// leave ends the caller's wait. It waits a moment for a write that never had a connection,
// which is then known not to have been executed.
func (s *client) leave(ctx context.Context, f *flight) (left bool, err error) {
	if f.write {
		timer := time.NewTimer(verdict)
		defer timer.Stop()
		select {
		case <-f.done:
			return false, f.result()
		case <-timer.C:
		}
	}
	s.left.Add(1)
	if !f.over.CompareAndSwap(false, true) { // the reply was first
		s.left.Add(-1)
		<-f.done
		return false, f.result()
	}
	return true, ctx.Err()
}

// result returns the error of the call. If a hook panicked, result panics with the same
// value, on the caller's goroutine.
func (f *flight) result() error {
	if f.panicked != nil {
		panic(f.panicked)
	}
	return f.err
}

// RunWithGrace calls f, and returns at the latest grace after the end of ctx. A reply that arrives
// within grace is not lost. The context that f gets ends only waits for a connection. If
// RunWithGrace returns before f, the error wraps the context's error and a class:
// [ErrUnavailable] if f was not called, else [ErrMaybeRan]. f then continues, and counts as
// an abandoned command.
func (s *Sender) RunWithGrace(ctx context.Context, grace time.Duration, f func(context.Context)) error {
	if ctx.Done() == nil {
		s.direct.Add(1)
		defer s.direct.Add(-1)
		if err := s.refusal(); err != nil {
			return err
		}
		f(ctx)
		return nil
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	inner := context.Context(staying{ctx})
	if s.lanes == nil { // a client of an unknown type may not wait for a reply after the end of ctx
		inner = context.WithoutCancel(ctx)
	}
	var begun atomic.Bool
	_, err := s.leavable(longer, call{run: func(context.Context) error {
		begun.Store(true)
		f(inner)
		return nil
	}})
	switch {
	case err == nil:
		return nil
	case begun.Load():
		return WithClass(ErrMaybeRan, ctx.Err())
	case errors.Is(err, errLeft):
		return WithClass(ErrUnavailable, err)
	case errors.Is(err, ErrCloseCalled):
		return err
	default:
		return WithClass(ErrUnavailable, ctx.Err())
	}
}

// staying is the context of calls that are not abandoned. Its end ends only their wait for a
// connection. It hides the deadline, which a client might apply to the reply.
type staying struct{ context.Context }

func (staying) Deadline() (deadline time.Time, ok bool) { return }

// stays reports whether a call with this context runs on its caller's goroutine.
func stays(ctx context.Context) bool {
	if ctx.Done() == nil {
		return true
	}
	_, ok := ctx.(staying)
	return ok
}
