package lease

import "context"

// Within returns a context for a function that runs while the lease is held. It is derived
// from ctx, and ends with the lease too. The caller calls cancel.
func (l *Lease) Within(ctx context.Context) (inner context.Context, cancel func()) {
	ending, end := context.WithCancelCause(ctx)
	lease := l.ctx
	stop := context.AfterFunc(lease, func() { end(context.Cause(lease)) })
	return within{ending, l, end}, func() {
		stop()
		end(context.Canceled)
	}
}

// within is the context of such a function.
type within struct {
	context.Context
	lease *Lease
	end   context.CancelCauseFunc
}

// checkLease ends the context if the lease is over.
func (c within) checkLease() {
	c.lease.checkClock()
	if c.lease.ctx.Err() != nil {
		c.end(context.Cause(c.lease.ctx))
	}
}

func (c within) Err() error {
	c.checkLease()
	return c.Context.Err()
}

func (c within) Value(key any) any {
	if key == (leaseKey{}) {
		return c.lease
	}
	c.checkLease()
	return c.Context.Value(key)
}
