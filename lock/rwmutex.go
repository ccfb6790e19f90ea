package lock

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
)

// RWMutex is a lock that either one writer or any number of readers hold.
//
// It is fair as [sync.RWMutex] is: a writer that waits is not overtaken by readers that come
// later, and readers that waited are not overtaken by the next writer. If the process of a
// waiting writer dies, it holds up readers for at most 12 s. The key {name}:rw and its helper
// keys hold the state. Create a RWMutex with [NewRWMutex]. It is safe for concurrent use.
type RWMutex struct{ o object }

// NewRWMutex returns the lock called name. It sends nothing and cannot fail. If the name or an
// option is invalid, every call returns the error.
func NewRWMutex(rdb redis.UniversalClient, name string, opts ...Option) *RWMutex {
	return &RWMutex{newObject(rdb, "lock.RWMutex", name, "rw", true, opts)}
}

// Key returns the Redis key of the leases.
func (m *RWMutex) Key() string { return m.o.key() }

// A writer takes the whole capacity.
func (m *RWMutex) writer() lease.Request { return m.o.request(maxPermits, maxPermits) }
func (m *RWMutex) reader() lease.Request { return m.o.request(1, maxPermits) }

// Lock waits until nobody holds the lock, and acquires it for writing. It costs, waits and fails
// as [Mutex.Lock] does.
func (m *RWMutex) Lock(ctx context.Context) (*Lease, error) {
	l, err := m.o.acquire(ctx, m.writer())
	return l, m.o.fail("Lock", err)
}

// RLock waits until no writer holds the lock, and none waits that came before, and acquires it
// for reading. Its token is higher than that of every writer before.
func (m *RWMutex) RLock(ctx context.Context) (*Lease, error) {
	l, err := m.o.acquire(ctx, m.reader())
	return l, m.o.fail("RLock", err)
}

// TryLock acquires the lock for writing if nobody holds it, and nobody waits for it, and reports
// whether it did.
func (m *RWMutex) TryLock(ctx context.Context) (l *Lease, ok bool, err error) {
	l, err = m.o.try(ctx, m.writer())
	return l, l != nil, m.o.fail("TryLock", err)
}

// TryRLock acquires the lock for reading if no writer holds it or waits for it, and reports
// whether it did.
func (m *RWMutex) TryRLock(ctx context.Context) (l *Lease, ok bool, err error) {
	l, err = m.o.try(ctx, m.reader())
	return l, l != nil, m.o.fail("TryRLock", err)
}

// Do runs f while it holds the lock for writing, as [Mutex.Do] does.
func (m *RWMutex) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return m.o.do(ctx, "Do", m.writer(), f)
}

// RDo runs f while it holds the lock for reading, as [Mutex.Do] does.
func (m *RWMutex) RDo(ctx context.Context, f func(ctx context.Context) error) error {
	return m.o.do(ctx, "RDo", m.reader(), f)
}

// Holders returns who holds the lock, those first whose lease ends first. It runs one script that
// only reads, and is O(holders).
func (m *RWMutex) Holders(ctx context.Context) ([]Holder, error) {
	return m.o.allHolders(ctx, func(h *Holder, weight int64) { h.Writer = weight == maxPermits })
}

// Break asks the writer, or all readers, to give the lock up, and reports whether somebody
// holds it, as [Mutex.Break] does. It is O(holders).
func (m *RWMutex) Break(ctx context.Context, opts ...BreakOption) (broken bool, err error) {
	return m.o.breakAll(ctx, opts)
}
