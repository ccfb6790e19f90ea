package send

import (
	"context"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/batch"
)

// AsyncWrite is a write that is sent asynchronously, in a batch. Its reply goes to a function. The
// zero value is ready for [Sender.SendAsync]. It may be reused after its reply, and must not
// be copied.
type AsyncWrite struct {
	// Value is what the command of the kind carries for this call.
	Value string
	// Inline allows the calling goroutine to send a batch itself. The batch may contain the
	// calls of other callers.
	Inline bool

	s        *Sender
	m        *batch.Batcher
	call     *batch.Call
	done     func(c *batch.Call, err error)
	answered func(*batch.Call) // p.answer
	pause    time.Duration
	attempts int

	mu      sync.Mutex
	pausing bool // it was refused, and waits for its retry
}

// SendAsync sends p as a call of the given kind, once, as [Sender.Write] does: it retries
// refusals that prove that nothing was executed. Then it calls done with the call, which has
// the reply, or with a classified error. done must not block, and must not keep the call.
// The end of the context ends only the wait for a connection.
func (s *Sender) SendAsync(ctx context.Context, p *AsyncWrite, kind *batch.Merger, key string, done func(c *batch.Call, err error)) {
	if p.call == nil {
		p.call = s.calls.New(kind, key)
		p.answered = p.answer
	} else {
		p.call.Reset(kind, key)
	}
	p.call.Value, p.call.Size = p.Value, len(p.Value)
	p.s, p.done, p.pause, p.attempts = s, done, firstPause, 0
	if p.m = s.posts; s.lanes != nil {
		if l := s.lanes.of(ctx, key); l != nil {
			p.m = l.posts
		}
	}
	s.posted.Add(1)
	p.m.DoAsync(ctx, p.call, p.Inline, p.answered)
}

// Cancel cancels p if it was not sent, or waits for a retry, and reports whether it did.
// done is not called then. Cancel returns false for a write that was never sent.
func (p *AsyncWrite) Cancel() bool {
	p.mu.Lock()
	pausing := p.pausing
	p.pausing = false
	p.mu.Unlock()
	if pausing || p.m != nil && p.m.Cancel(p.call) {
		p.s.posted.Add(-1)
		return true
	}
	return false
}

func (p *AsyncWrite) answer(c *batch.Call) {
	ctx := c.Context()
	if !p.s.mapped.Load() {
		p.s.mapped.Store(c.Err == nil || IsReply(c.Err))
	}
	if c.Err == nil {
		p.end(c, nil)
		return
	}
	err := p.s.finish(context.WithoutCancel(ctx), c.Err, request{write: true, written: true})
	if !repeatable(err) || p.attempts >= repeats && !passes(ctx, err) || ctx.Err() != nil {
		p.end(c, err)
		return
	}
	p.attempts++
	pause := p.pause
	p.pause = min(2*p.pause, lastPause)
	p.mu.Lock()
	p.pausing = true
	p.mu.Unlock() // from now on it may be withdrawn and reused
	time.AfterFunc(jitter(pause), p.again)
}

// end calls done. p may be reused by then.
func (p *AsyncWrite) end(c *batch.Call, err error) {
	s := p.s
	p.done(c, err)
	s.posted.Add(-1)
}

// again retries p, unless it was withdrawn.
func (p *AsyncWrite) again() {
	p.mu.Lock()
	if !p.pausing {
		p.mu.Unlock()
		return
	}
	p.pausing = false
	ctx := p.call.Context()
	p.call.Retry()
	p.mu.Unlock()
	p.m.DoAsync(ctx, p.call, false, p.answered)
}
