package send

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Drain waits until no command is in flight, or returns the context's error. Afterwards
// nothing is sent: later commands, including the next command of a call that began
// before, fail with [ErrCloseCalled].
func (s *Sender) Drain(ctx context.Context) error {
	idle := func() bool { return s.inFlight() == 0 }
	err := PollUntil(ctx, idle)
	// A call is counted before it reads draining or drained. So a call that a wait did not see
	// is either refused or seen by the next wait, and no command of an operation that has begun
	// is refused unless ctx ends.
	s.draining.Store(true)
	err = errors.Join(err, PollUntil(ctx, idle))
	s.drained.Store(true)
	err = errors.Join(err, PollUntil(ctx, idle))
	if n := s.inFlight(); err != nil && n > 0 {
		return WithClass(ErrMaybeRan, fmt.Errorf("%w: calls in flight: %d", ctx.Err(), n))
	}
	return nil
}

// errIfDraining returns the error of an operation of several commands that begins during or
// after [Sender.Drain], or nil.
func (s *client) errIfDraining() error {
	if s.draining.Load() {
		return ErrCloseCalled
	}
	return nil
}

// errIfDrained returns the error of a command that is sent after [Sender.Drain], or nil.
func (s *client) errIfDrained() error {
	if s.drained.Load() {
		return ErrCloseCalled
	}
	return nil
}

// inFlight returns the number of calls, batches and asynchronous writes without a reply.
func (s *Sender) inFlight() int64 {
	return s.direct.Load() + s.asyncWrites.Load() + int64(len(s.slots)) + s.asyncs.Busy() + s.nodes.busy()
}

// busy returns the number of calls without a reply.
func (n *nodes) busy() (calls int64) {
	if n == nil {
		return 0
	}
	if n.single != nil {
		calls = n.single.busy()
	}
	if all := n.byAddr.Load(); all != nil {
		for _, one := range *all {
			calls += one.busy()
		}
	}
	return calls
}

func (b *nodeBatchers) busy() int64 {
	return b.reads.Busy() + b.writes.Busy() + b.scripts.Busy() + b.asyncs.Busy()
}

// PollUntil polls done until it reports true, or returns the context's error. Because it
// polls, use it only for what happens once in the life of a client.
func PollUntil(ctx context.Context, done func() bool) error {
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
