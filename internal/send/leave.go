package send

import (
	"context"
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
	f.err = s.rdb.Process(ctx, f.cmd)
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
