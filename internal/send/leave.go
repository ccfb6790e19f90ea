package send

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// call is one execution that its caller may leave.
type call struct {
	cmd   redis.Cmder                 // for the client's Process,
	run   func(context.Context) error // unless this is set
	write bool
}

// flight is a call in the hands of a goroutine of its own.
type flight struct {
	call
	err      error
	panicked any
	done     chan struct{}
	over     atomic.Bool // set by whoever comes first: the answer or the caller's leave
}

// leavable runs c so that the caller can leave when ctx ends. The goroutine
// gets the caller's context, so what waits for a connection ends with it, and
// only what is on the wire stays behind, holding its slot until go-redis
// returns: with the answer or after ReadTimeout. left reports that it did: nobody
// knows then what becomes of it, even if nothing was written so far. A new
// connection that is being greeted, say, gets the command after that.
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

// leave ends the caller's wait. A write gets a moment to say that it never had
// a connection, which turns "perhaps" into "no".
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
	if !f.over.CompareAndSwap(false, true) { // the answer was faster
		s.left.Add(-1)
		<-f.done
		return false, f.result()
	}
	return true, ctx.Err()
}

// result is what the goroutine brought. A panic of a hook goes on in the
// caller's goroutine, where it would have been without ours.
func (f *flight) result() error {
	if f.panicked != nil {
		panic(f.panicked)
	}
	return f.err
}

// RunOn calls f so that the caller can leave patience after the end of ctx: a reply that is
// on its way by then is waited for. f gets a context for its calls whose end ends nothing
// but the wait for a connection. If the caller has left, the error has the context's beside
// it: [ErrUnavailable] if f was not called, else [ErrMaybeRan]; f goes on, and counts as a
// command that was left.
func (s *Sender) RunOn(ctx context.Context, patience time.Duration, f func(context.Context)) error {
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
	defer context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })()
	inner := context.Context(staying{ctx})
	if s.lanes == nil { // a client of another type may not wait for a reply after the end of ctx
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
		return Fault(ErrMaybeRan, ctx.Err())
	case errors.Is(err, errLeft):
		return Fault(ErrUnavailable, err)
	case errors.Is(err, ErrShut):
		return err
	default:
		return Fault(ErrUnavailable, ctx.Err())
	}
}

// staying is the context of calls that are not left: its end ends their wait for a
// connection. It hides the deadline, which a client may apply to the reply.
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
