package lock

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
)

var errNoMutex = errors.New("All without a mutex")

// All acquires several mutexes, and releases those that it has if one cannot be acquired. It
// acquires them one after the other in the order of their keys, so calls of All that have some
// mutexes in common do not wait for each other forever. A mutex that is named twice is acquired
// once.
//
// The lease's token is that of the mutex which was acquired last. Its context ends when one of
// them is lost, and Unlock releases all. Each costs and fails as [Mutex.Lock] does.
func All(ctx context.Context, ms ...*Mutex) (*Lease, error) {
	if len(ms) == 0 {
		return nil, clients.NewHandle(nil, "lock.Mutex", "", nil).Fail("All", send.WithClass(desir.ErrNotSupported, errNoMutex))
	}
	sorted := slices.SortedFunc(slices.Values(ms), func(a, b *Mutex) int { return cmp.Compare(a.o.keys.Leases, b.o.keys.Leases) })
	sorted = slices.CompactFunc(sorted, func(a, b *Mutex) bool { return a.o.keys == b.o.keys })
	var held []*Lease
	for _, m := range sorted {
		l, err := m.o.acquire(ctx, m.request())
		if err != nil {
			return nil, errors.Join(append([]error{m.o.fail("All", err)}, unlockAll(ctx, held)...)...)
		}
		held = append(held, l)
	}
	last := held[len(held)-1]
	last.others = held[:len(held)-1]
	var others []*lease.Lease
	for _, other := range last.others {
		last.l.EndWith(other.l)
		others = append(others, other.l)
	}
	last.Lease = publicLease(last.l, others...)
	return last, nil
}

// unlockAll releases leases, the last one first, and returns the errors.
func unlockAll(ctx context.Context, held []*Lease) (errs []error) {
	for _, l := range slices.Backward(held) {
		errs = append(errs, l.Unlock(ctx))
	}
	return errs
}
