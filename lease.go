package desir

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
)

// ErrLost means that a lease was lost before it was released: it could not be renewed in
// time, it was broken, or the server lost it. Another process may have it now. [Atomic]
// returns it if a lease that it requires is not held, also after its release. It is also
// the cause of the end of a lease's context; see [context.Cause].
var ErrLost = lease.ErrLost

// Lease is a claim that this process holds for a time which the server's clock measures,
// such as a lock. Only types of this module implement it.
type Lease interface {
	// Token returns the fencing token: of two leases of one lock the later one has the
	// higher token.
	Token() int64

	// Context returns a context that ends when the lease is released or lost, in which case
	// the cause is [ErrLost].
	Context() context.Context

	// Left returns how long the lease lasts if it is not renewed again, by the local clock.
	// After its release or loss it is 0.
	Left() time.Duration

	claims() []*lease.Lease
}

// Token returns the fencing token of the lease whose context ctx is, or descends from.
func Token(ctx context.Context) (token int64, ok bool) {
	l := lease.From(ctx)
	if l == nil {
		return 0, false
	}
	return l.Token(), true
}

// heldLease makes a lease of package lease a Lease. Others are held with it.
type heldLease struct {
	*lease.Lease
	others []*lease.Lease
}

func (l heldLease) claims() []*lease.Lease { return append([]*lease.Lease{l.Lease}, l.others...) }

func init() {
	clients.NewLease = func(l *lease.Lease, others ...*lease.Lease) Lease { return heldLease{l, others} }
}
