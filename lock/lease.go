package lock

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
)

// Lease is a lock that this process holds. It is renewed until Unlock. A Lease that the
// program forgets is not renewed any more after the next garbage collection, and runs out;
// that is logged. It is safe for concurrent use.
type Lease struct {
	desir.Lease
	l      *lease.Lease
	h      *clients.Handle
	others []*Lease // see All
}

var publicLease = clients.NewLease.(func(*lease.Lease, ...*lease.Lease) desir.Lease)

func newLease(h *clients.Handle, l *lease.Lease) *Lease {
	return &Lease{Lease: publicLease(l), l: l, h: h}
}

// Token returns the fencing token. Leases of one name have increasing tokens; see the package
// comment. A token of a [Semaphore] tells its leases apart, and fences nothing.
func (l *Lease) Token() int64 { return l.l.Token() }

// Context returns a context that ends when the lease is released, with cause
// [context.Canceled], or lost, with cause [desir.ErrLost]. It has the values of the context
// that Lock got, and does not end with it. Its method Err compares the clock, so a process
// that was paused sees the loss at once.
func (l *Lease) Context() context.Context { return l.l.Context() }

// Left returns how long the lease lasts without another renewal, by the local clock. After
// its release or loss it is 0.
//
// Of a lease of [All] it is how long all of its locks last.
func (l *Lease) Left() time.Duration {
	left := l.l.Left()
	for _, other := range l.others {
		left = min(left, other.Left())
	}
	return left
}

// Extend makes the lease last at least d from now. It is for locks with [NoRenew]; others
// are renewed by themselves. It runs one script, which may be sent again. If the lease is
// lost, the error is [desir.ErrLost].
//
// Of a lease of [All] it extends all locks, one after the other.
func (l *Lease) Extend(ctx context.Context, d time.Duration) error {
	for _, other := range l.others {
		if err := other.Extend(ctx, d); err != nil {
			return err
		}
	}
	return l.h.Fail("Extend", l.l.Extend(ctx, d))
}

// Unlock releases the lock. The context of the lease ends first. Unlock runs one script,
// which may be sent again, and is O(1). It ignores the end of ctx and waits for the server for
// up to 1 s, so a program may end after it. If there is no reply in that time, the error is
// [desir.ErrMaybeRan], and the release goes on in the background until the lease has run out.
//
// If the lease was lost, the error is [desir.ErrLost]. A second Unlock does nothing and
// returns nil.
func (l *Lease) Unlock(ctx context.Context) error {
	err := l.h.Fail("Unlock", l.l.Release(ctx))
	if len(l.others) == 0 {
		return err
	}
	return errors.Join(append([]error{err}, unlockAll(ctx, l.others)...)...)
}

// do runs f while the lease is held, and releases it, also after a panic.
func (l *Lease) do(ctx context.Context, f func(context.Context) error) (err error) {
	inner, cancel := l.l.Within(ctx)
	defer func() {
		cancel()
		if failed := l.Unlock(ctx); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	if inner.Err() != nil { // the lease is lost already, or ctx has ended
		return l.h.Fail("Do", context.Cause(inner))
	}
	return f(inner)
}
