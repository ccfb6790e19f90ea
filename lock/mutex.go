package lock

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
)

// Mutex is a lock that one caller at a time holds, among all processes that use its name. It
// is not reentrant.
//
// Its keys are {name}:lock and helper keys of it, so it may have the name of the object that it
// guards, and is in its hash slot then. Create a Mutex with [NewMutex]. It is safe for
// concurrent use and does not hold the lock itself: Lock returns a [Lease].
type Mutex struct{ o object }

// NewMutex returns the mutex called name. It sends nothing and cannot fail. If the name or an
// option is invalid, every call returns the error.
func NewMutex(rdb redis.UniversalClient, name string, opts ...Option) *Mutex {
	return &Mutex{newObject(rdb, "lock.Mutex", name, "lock", false, opts)}
}

// Key returns the Redis key of the leases.
func (m *Mutex) Key() string { return m.o.key() }

// request returns the request for the lock.
func (m *Mutex) request() lease.Request { return m.o.request(1, 1) }

// Lock waits until the lock is free, and acquires it. Callers of one process are served in
// their order.
//
// It runs one script if the lock is free. A script whose reply is lost is sent again, and finds
// what it did. While the lock is held by another, Lock blocks without polling; see the package
// comment. It wakes up within about a millisecond of a release, and 50 ms of the end of a lease
// that was not released.
//
// After an error this process does not hold the lock. If ctx ends, the error wraps its error;
// after the time of [Wait] it is [ErrLocked]. If the server has no memory left, it is
// [desir.ErrOutOfMemory].
func (m *Mutex) Lock(ctx context.Context) (*Lease, error) {
	l, err := m.o.acquire(ctx, m.request())
	return l, m.o.fail("Lock", err)
}

// TryLock acquires the lock if it is free, and reports whether it was. It runs one script, which
// is sent again if its reply is lost. It may overtake callers that wait in Lock.
func (m *Mutex) TryLock(ctx context.Context) (l *Lease, ok bool, err error) {
	l, err = m.o.try(ctx, m.request())
	return l, l != nil, m.o.fail("TryLock", err)
}

// Do acquires the lock as Lock does, runs f, and releases the lock, also if f panics. The
// context of f is derived from ctx, and ends with cause [desir.ErrLost] if the lock is lost.
// [desir.Token] returns the token in it.
//
// An error of f comes out as it is. If the lock was lost, the error wraps ErrLost, joined with
// that of f, also if f returned nil. The release waits for the server for up to 1 s although ctx
// has ended, so a program may end after Do.
func (m *Mutex) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return m.o.do(ctx, "Do", m.request(), f)
}

// TryDo runs f as Do does if the lock is free, and reports whether it was. Scheduled jobs use it
// to do nothing where the job runs elsewhere.
func (m *Mutex) TryDo(ctx context.Context, f func(ctx context.Context) error) (ran bool, err error) {
	l, err := m.o.try(ctx, m.request())
	if l == nil || err != nil {
		return false, m.o.fail("TryDo", err)
	}
	return true, l.do(ctx, f)
}

// Holder returns who holds the lock. It runs one script that only reads.
func (m *Mutex) Holder(ctx context.Context) (h Holder, held bool, err error) {
	return m.o.holder(ctx, "Holder")
}

// Break asks the holder to give the lock up, and reports whether it is held. The holder
// learns it at its next renewal: its context ends with cause [desir.ErrLost], and then the lock
// is free, at the latest when the lease ends. With [Force] the lock is free at once.
func (m *Mutex) Break(ctx context.Context, opts ...BreakOption) (broken bool, err error) {
	return m.o.breakAll(ctx, opts)
}
