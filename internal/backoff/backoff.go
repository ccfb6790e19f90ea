// Package backoff makes the pauses between attempts: they double up to a limit, and have
// jitter, so that many callers do not retry at the same time.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Range is the shortest and the longest pause, before jitter.
type Range struct{ First, Last time.Duration }

// Start returns the pauses of one run of attempts.
func (r Range) Start() Backoff { return Backoff{limits: r} }

// Backoff makes the pauses of one run of attempts. It is not safe for concurrent use.
type Backoff struct {
	limits Range
	last   time.Duration // the last pause, before jitter; 0 before the first one
}

// Next returns the next pause: a random duration between d/2 and 3d/2, where d doubles.
func (b *Backoff) Next() time.Duration {
	b.last = min(max(2*b.last, b.limits.First), b.limits.Last)
	return jitter(b.last)
}

// Wait waits for the next pause. It returns false as soon as ctx ends.
func (b *Backoff) Wait(ctx context.Context) bool { return sleep(ctx.Done(), b.Next()) }

// WaitUntil waits for the next pause. It returns false as soon as end is closed.
func (b *Backoff) WaitUntil(end <-chan struct{}) bool { return sleep(end, b.Next()) }

// Reset makes the next pause the shortest one again.
func (b *Backoff) Reset() { b.last = 0 }

// Limit lowers the longest pause to d.
func (b *Backoff) Limit(d time.Duration) { b.limits.Last = min(b.limits.Last, d) }

// Fresh reports whether there was no pause since the start or the last Reset.
func (b *Backoff) Fresh() bool { return b.last == 0 }

// Sleep waits for d with jitter: a pause that does not grow. It returns false as soon as
// ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool { return sleep(ctx.Done(), jitter(d)) }

func sleep(end <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
		return false
	}
}

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
