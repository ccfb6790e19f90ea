package send

import (
	"context"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
)

// AsyncWrite is a write that is sent asynchronously, in a batch. Its reply goes to a
// function. The zero value is ready for [Sender.SendAsync]. It may be reused after its
// reply, and must not be copied.
type AsyncWrite struct {
	// Value is what the command of the merger carries for this call.
	Value string
	// Inline allows the calling goroutine to send a batch itself. The batch may contain
	// the calls of other callers.
	Inline bool

	sender   *Sender
	batcher  *batch.Batcher
	call     *batch.Call
	done     func(c *batch.Call, err error)
	replied  func(*batch.Call) // p.handleReply
	pause    backoff.Backoff
	attempts int

	mu           sync.Mutex
	retryPending bool // it was refused, and a retry is scheduled
}

// SendAsync sends p as a call of the given merger, once, as [Sender.Write] does: it
// retries refusals that prove that nothing was executed. Then it calls done with the
// call, which has the reply, or with a classified error. done must not block, and must
// not keep the call. The end of the context ends only the wait for a connection.
func (s *Sender) SendAsync(ctx context.Context, p *AsyncWrite, merger *batch.Merger, key string, done func(c *batch.Call, err error)) {
	if p.call == nil {
		p.call = s.calls.New(merger, key)
		p.replied = p.handleReply
	} else {
		p.call.Reset(merger, key)
	}
	p.call.Value, p.call.Size = p.Value, len(p.Value)
	p.sender, p.done, p.pause, p.attempts = s, done, pauses.Start(), 0
	if p.batcher = s.asyncs; s.nodes != nil {
		if n := s.nodes.of(ctx, key); n != nil {
			p.batcher = n.asyncs
		}
	}
	s.asyncWrites.Add(1)
	p.batcher.DoAsync(ctx, p.call, p.Inline, p.replied)
}

// Cancel cancels p if it was not sent, or if a retry is scheduled, and reports whether it
// did. done is not called then. Cancel returns false for a write that was never sent.
func (p *AsyncWrite) Cancel() bool {
	p.mu.Lock()
	retryPending := p.retryPending
	p.retryPending = false
	p.mu.Unlock()
	if retryPending || p.batcher != nil && p.batcher.Cancel(p.call) {
		p.sender.asyncWrites.Add(-1)
		return true
	}
	return false
}

func (p *AsyncWrite) handleReply(c *batch.Call) {
	ctx := c.Context()
	if !p.sender.slotsLoaded.Load() {
		p.sender.slotsLoaded.Store(c.Err == nil || IsReply(c.Err))
	}
	if c.Err == nil {
		p.complete(c, nil)
		return
	}
	err := p.sender.finish(context.WithoutCancel(ctx), c.Err, commandInfo{write: true, written: true})
	if !retrySoon(err) || p.attempts >= maxRetries && !retryUntilDeadline(ctx, err) || ctx.Err() != nil {
		p.complete(c, err)
		return
	}
	p.attempts++
	pause := p.pause.Next()
	p.mu.Lock()
	p.retryPending = true
	p.mu.Unlock() // from now on it may be canceled and reused
	time.AfterFunc(pause, p.retry)
}

// complete calls done. p may be reused by then.
func (p *AsyncWrite) complete(c *batch.Call, err error) {
	s := p.sender
	p.done(c, err)
	s.asyncWrites.Add(-1)
}

// retry sends p again, unless it was canceled.
func (p *AsyncWrite) retry() {
	p.mu.Lock()
	if !p.retryPending {
		p.mu.Unlock()
		return
	}
	p.retryPending = false
	ctx := p.call.Context()
	p.call.Retry()
	p.mu.Unlock()
	p.batcher.DoAsync(ctx, p.call, false, p.replied)
}
