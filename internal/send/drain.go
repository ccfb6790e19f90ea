package send

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Drain returns when nothing is in flight any more, or with the context's error. What
// begins after it, also the next command of a call that began before, is not sent:
// [ErrShut].
func (s *Sender) Drain(ctx context.Context) error {
	idle := func() bool { return s.inFlight() == 0 }
	err := Await(ctx, idle)
	s.shut.Store(true)
	// Every call is counted before it looks at shut. So one that was not seen above is
	// refused, or is seen now.
	err = errors.Join(err, Await(ctx, idle))
	if n := s.inFlight(); err != nil && n > 0 {
		return Fault(ErrMaybeRan, fmt.Errorf("%w: calls in flight: %d", ctx.Err(), n))
	}
	return nil
}

// refusal is the error of a call that was counted after [Sender.Drain], or nil.
func (s *client) refusal() error {
	if s.shut.Load() {
		return ErrShut
	}
	return nil
}

// inFlight returns how many calls, batches of them and posts have no reply yet.
func (s *Sender) inFlight() int64 {
	return s.direct.Load() + s.posted.Load() + int64(len(s.slots)) + s.posts.Busy() + s.lanes.busy()
}

// busy returns how many calls have no reply yet.
func (l *lanes) busy() (n int64) {
	if l == nil {
		return 0
	}
	if l.only != nil {
		n = l.only.busy()
	}
	if all := l.byAddr.Load(); all != nil {
		for _, one := range *all {
			n += one.busy()
		}
	}
	return n
}

func (l *lane) busy() int64 {
	return l.reads.Busy() + l.writes.Busy() + l.scripts.Busy() + l.posts.Busy()
}

// Await returns when done reports true, or with the context's error. It asks again and
// again, so it is for what happens once in the life of a client.
func Await(ctx context.Context, done func() bool) error {
	const first, longest = 100 * time.Microsecond, 5 * time.Millisecond
	timer := time.NewTimer(first)
	defer timer.Stop()
	for wait := first; !done(); wait = min(2*wait, longest) {
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
