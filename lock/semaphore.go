package lock

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

// Semaphore limits how much many processes do at a time: together they hold at most a number of
// permits. Permits of a process that dies are free when its lease ends.
//
// A request is not overtaken by smaller ones of other processes that began to wait later. The
// key {name}:sem and its helper keys hold the state. Create a Semaphore with [NewSemaphore]. It
// is safe for concurrent use.
type Semaphore struct {
	o       object
	permits int64
}

// NewSemaphore returns the semaphore called name with the given number of permits, at least 1.
// All processes should use the same number: each request is judged by that of its own process.
// It sends nothing and cannot fail. If the name, the number or an option is invalid, every call
// returns the error.
func NewSemaphore(rdb redis.UniversalClient, name string, permits int, opts ...Option) *Semaphore {
	var err error
	if permits < 1 || permits > maxPermits {
		err = send.WithClass(desir.ErrNotSupported, fmt.Errorf("the number of permits is %d, not 1 to %d", permits, maxPermits))
	}
	return &Semaphore{newObject(rdb, "lock.Semaphore", name, "sem", true, opts, err), int64(permits)}
}

// Key returns the Redis key of the leases.
func (s *Semaphore) Key() string { return s.o.key() }

// maxPermits is the capacity of a lock.
const maxPermits = 1 << 30

// checkPermits returns an error if there are never n permits.
func (s *Semaphore) checkPermits(n int) error {
	if n < 1 || int64(n) > s.permits {
		return send.WithClass(desir.ErrNotSupported, fmt.Errorf("a request for %d of %d permits", n, s.permits))
	}
	return nil
}

// Acquire waits until n permits are free, and acquires them together. The lease gives them back
// by [Lease.Unlock]. It costs, waits and fails as [Mutex.Lock] does. A request for more permits
// than there are, or for less than 1, is [desir.ErrNotSupported].
func (s *Semaphore) Acquire(ctx context.Context, n int) (*Lease, error) {
	if err := s.checkPermits(n); err != nil {
		return nil, s.o.fail("Acquire", err)
	}
	l, err := s.o.acquire(ctx, s.o.request(int64(n), s.permits))
	return l, s.o.fail("Acquire", err)
}

// TryAcquire acquires n permits if they are free, and reports whether they were. It does not
// overtake a request for several permits that waits.
func (s *Semaphore) TryAcquire(ctx context.Context, n int) (l *Lease, ok bool, err error) {
	if err := s.checkPermits(n); err != nil {
		return nil, false, s.o.fail("TryAcquire", err)
	}
	l, err = s.o.try(ctx, s.o.request(int64(n), s.permits))
	return l, l != nil, s.o.fail("TryAcquire", err)
}

// Do acquires n permits, runs f, and gives them back, as [Mutex.Do] does.
func (s *Semaphore) Do(ctx context.Context, n int, f func(ctx context.Context) error) error {
	if err := s.checkPermits(n); err != nil {
		return s.o.fail("Do", err)
	}
	return s.o.do(ctx, "Do", s.o.request(int64(n), s.permits), f)
}

// Holders returns who holds permits, those first whose lease ends first. It runs one script that
// only reads, and is O(holders).
func (s *Semaphore) Holders(ctx context.Context) ([]Holder, error) {
	return s.o.allHolders(ctx, func(h *Holder, weight int64) { h.Permits = int(weight) })
}

// Break asks all holders to give their permits up, and reports whether there are any, as
// [Mutex.Break] does. Requests that wait stay in the queue. The number of permits does not
// matter. It is O(holders).
func (s *Semaphore) Break(ctx context.Context, opts ...BreakOption) (broken bool, err error) {
	return s.o.breakAll(ctx, opts)
}
