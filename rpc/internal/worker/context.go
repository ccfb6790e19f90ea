package worker

import (
	"context"
	"sync"
	"time"
)

type infoKey struct{}

// InfoFrom returns the description of the call that a handler runs for.
func InfoFrom(ctx context.Context) (*Info, bool) {
	info, ok := ctx.Value(infoKey{}).(*Info)
	return info, ok
}

// callContext is the context of a handler. It creates a standard context only when its
// end is waited for, which short handlers rarely do.
type callContext struct {
	base     context.Context
	info     Info
	deadline time.Time // deadline; zero: none

	prev, next  *callContext // other running calls; guarded by running.mu
	longRunning bool         // already running at the last beat; guarded by running.mu

	mu        sync.Mutex
	std       context.Context // nil until needed
	cancelStd context.CancelCauseFunc
	ended     bool
	cause     error // cause of the end, once over
}

func (c *incomingCall) context() *callContext {
	r, q := c.run, &c.request
	ctx := &callContext{base: r.base, info: Info{
		Service: r.w.Handle.Key, Method: q.Method, Headers: q.Headers, Caller: q.Inbox, ID: q.ID, Worker: r.w.Name,
	}}
	if q.Deadline > 0 {
		ctx.deadline = r.clock.ToLocal(int64(min(q.Deadline, 1<<62)))
	}
	return ctx
}

func (c *callContext) key() callKey { return callKey{c.info.Caller, c.info.ID} }

func (c *callContext) expired() bool { return !c.deadline.IsZero() && !time.Now().Before(c.deadline) }

// Deadline returns the caller's deadline.
func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// Done creates the standard context.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.makeStd()
	return c.std.Done()
}

// makeStd creates the standard context. c.mu must be held.
func (c *callContext) makeStd() {
	if c.std == nil {
		c.std, c.cancelStd = context.WithCancelCause(c.base)
		if !c.deadline.IsZero() {
			ctx, cancel := context.WithDeadline(c.std, c.deadline)
			stop := c.cancelStd
			c.std, c.cancelStd = ctx, func(cause error) { stop(cause); cancel() }
		}
		if c.ended {
			c.cancelStd(c.cause)
		}
	}
}

// Err returns why the context has ended, or nil.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.std != nil:
		return c.std.Err()
	case c.ended:
		return context.Canceled
	case c.expired():
		return context.DeadlineExceeded
	default:
		return c.base.Err()
	}
}

// Value returns the call's info, and the values that package context looks for.
func (c *callContext) Value(key any) any {
	if key == (infoKey{}) {
		return &c.info
	}
	c.mu.Lock()
	if c.ended || c.base.Err() != nil { // the caller may be context.Cause
		c.makeStd()
	}
	std := c.std
	c.mu.Unlock()
	if std == nil {
		return nil
	}
	return std.Value(key)
}

// cancel ends the context. Only the first cause counts.
func (c *callContext) cancel(cause error) {
	c.mu.Lock()
	stop := c.cancelStd
	if !c.ended {
		c.ended, c.cause = true, cause
	}
	c.mu.Unlock()
	if stop != nil {
		stop(cause)
	}
}
