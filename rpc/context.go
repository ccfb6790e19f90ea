package rpc

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of a handler. It creates a standard context only when its
// end is waited for, which short handlers rarely do.
type callContext struct {
	base context.Context
	info CallInfo
	at   time.Time // deadline; zero: none

	prev, next *callContext // other running calls; guarded by running.mu
	long       bool         // already running at the last beat; guarded by running.mu

	mu    sync.Mutex
	real  context.Context // nil until needed
	stop  context.CancelCauseFunc
	over  bool
	cause error // cause of the end, once over
}

func (c *incoming) context() *callContext {
	r, q := c.run, &c.request
	ctx := &callContext{base: r.base, info: CallInfo{
		Service: r.s.h.Key, Method: q.method, Headers: q.headers, Caller: q.inbox, ID: q.id, Worker: r.s.name,
	}}
	if q.deadline > 0 {
		ctx.at = r.clock.local(int64(min(q.deadline, 1<<62)))
	}
	return ctx
}

func (c *callContext) key() callKey { return callKey{c.info.Caller, c.info.ID} }

func (c *callContext) expired() bool { return !c.at.IsZero() && !time.Now().Before(c.at) }

// Deadline returns the caller's deadline.
func (c *callContext) Deadline() (time.Time, bool) { return c.at, !c.at.IsZero() }

// Done creates the standard context.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.realize()
	return c.real.Done()
}

// realize creates the standard context. c.mu must be held.
func (c *callContext) realize() {
	if c.real == nil {
		c.real, c.stop = context.WithCancelCause(c.base)
		if !c.at.IsZero() {
			ctx, cancel := context.WithDeadline(c.real, c.at)
			stop := c.stop
			c.real, c.stop = ctx, func(cause error) { stop(cause); cancel() }
		}
		if c.over {
			c.stop(c.cause)
		}
	}
}

// Err returns why the context has ended, or nil.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.real != nil:
		return c.real.Err()
	case c.over:
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
	if c.over || c.base.Err() != nil { // the caller may be context.Cause
		c.realize()
	}
	real := c.real
	c.mu.Unlock()
	if real == nil {
		return nil
	}
	return real.Value(key)
}

// cancel ends the context. Only the first cause counts.
func (c *callContext) cancel(cause error) {
	c.mu.Lock()
	stop := c.stop
	if !c.over {
		c.over, c.cause = true, cause
	}
	c.mu.Unlock()
	if stop != nil {
		stop(cause)
	}
}
