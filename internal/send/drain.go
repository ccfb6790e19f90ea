package send

import (
	"context"
	"fmt"
	"time"
)

// Drain returns when nothing is in flight any more, or with the context's error. No calls
// may begin after it has.
func (s *Sender) Drain(ctx context.Context) error {
	quiet := 0
	err := Await(ctx, func() bool {
		if quiet++; s.inFlight() > 0 {
			quiet = 0
		}
		return quiet == 2 // a call that had begun before, and was not counted yet, is seen now
	})
	if n := s.inFlight(); err != nil && n > 0 {
		return Fault(ErrMaybeRan, fmt.Errorf("%w: calls in flight: %d", err, n))
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
