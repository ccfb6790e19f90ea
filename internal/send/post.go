package send

import (
	"context"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/batch"
)

// Post is a write that leaves together with others and that nobody waits for:
// its answer is brought. The zero value is ready for [Sender.Post]; it may be used
// again after its answer, and must not be copied.
type Post struct {
	// Value is what the kind's command carries for this call.
	Value string
	// Here says that the caller has time to send a batch by itself, its own or
	// also those of others.
	Here bool

	s        *Sender
	m        *batch.Batcher
	call     *batch.Call
	done     func(c *batch.Call, err error)
	answered func(*batch.Call) // p.answer
	pause    time.Duration
	attempts int

	mu      sync.Mutex
	pausing bool // it was refused, and is sent again soon
}

// Post sends p as a call of a kind, once, as [Sender.Write] would: refusals that
// prove that nothing was executed are repeated. Then done gets the call with its
// answer, or a classified error; it must not block, and the call is not its own.
// The context ends nothing but the wait for a connection.
func (s *Sender) Post(ctx context.Context, p *Post, kind *batch.Merger, key string, done func(c *batch.Call, err error)) {
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
	p.m.Post(ctx, p.call, p.Here, p.answered)
}

// Withdraw takes p back if it was not sent, or was refused and is to be sent again, and reports whether done will not be
// called. One that was never given to a Sender was not.
func (p *Post) Withdraw() bool {
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

func (p *Post) answer(c *batch.Call) {
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
	p.mu.Unlock() // it may be taken back from now on, and used again
	time.AfterFunc(jitter(pause), p.again)
}

// end says what became of p, which may be used again by then.
func (p *Post) end(c *batch.Call, err error) {
	s := p.s
	p.done(c, err)
	s.posted.Add(-1)
}

// again sends p again, unless it was taken back.
func (p *Post) again() {
	p.mu.Lock()
	if !p.pausing {
		p.mu.Unlock()
		return
	}
	p.pausing = false
	ctx := p.call.Context()
	p.call.Retry()
	p.mu.Unlock()
	p.m.Post(ctx, p.call, false, p.answered)
}
