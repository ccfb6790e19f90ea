package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	maxWorkers  = 4                      // batches in flight while replies arrive
	maxElements = 512                    // elements of one batch
	maxSize     = 256 << 10              // bytes of one batch, unless one call is larger
	stuckAfter  = 100 * time.Millisecond // without a new batch, those in flight count as stuck
)

// MaxInFlight is the number of batches that a Batcher has in flight when all are stuck.
const MaxInFlight = 2 * maxWorkers

// Transport sends commands, as one pipeline if there are several. It sets the error of
// each command.
type Transport func(ctx context.Context, cmds []redis.Cmder)

// Outcome is what a caller knows when [Batcher.Do] returns.
type Outcome int

// The outcomes of [Batcher.Do].
const (
	Replied   Outcome = iota // the call has its reply
	Unsent                   // the context ended, and the call was not sent
	Abandoned                // the context ended, and the call may have been sent
)

// Batcher sends the calls of many goroutines to one server. Up to four workers take the
// pending calls and send them, a batch each. A call that finds fewer workers starts one.
// A worker ends when no call is pending. So a call waits for nothing but a free worker,
// and calls that arrive while it waits share its batch.
type Batcher struct {
	transport    Transport
	abandonGrace time.Duration // how long a caller whose context has ended waits for its reply
	abandoned    *atomic.Int64 // batches in flight that all their callers have abandoned
	coalesce     time.Duration // a batch in flight this long lets another one start; 0 means at once

	busy atomic.Int32 // calls without a reply, and callers that have acquired the Batcher

	mu          sync.Mutex
	first, last *Call // the pending calls
	workers     int
	spare       []*batch
	taken       uint      // number of batches so far
	latest      time.Time // when the last batch was taken; set only if coalesce is
	seen        uint      // taken, at the last tick
	ticker      *time.Timer
	ticking     bool
}

// New returns a Batcher that sends through transport and counts in abandoned the batches
// in flight that all their callers have abandoned. It starts no goroutine.
func New(transport Transport, abandonGrace time.Duration, abandoned *atomic.Int64) *Batcher {
	return &Batcher{transport: transport, abandonGrace: abandonGrace, abandoned: abandoned}
}

// Coalesce makes batches larger: a second batch starts only when one has been in flight
// for the given time, as over a link with latency. Use it for calls whose cost falls with
// the size of their batch. It must precede the first call. It returns m.
func (m *Batcher) Coalesce(after time.Duration) *Batcher {
	m.coalesce = after
	return m
}

// TryAcquire reports whether no call is pending or in flight. If so, the caller may send
// its own call, and must call [Batcher.Release] afterwards.
func (m *Batcher) TryAcquire() bool { return m.busy.CompareAndSwap(0, 1) }

// Release ends what TryAcquire began.
func (m *Batcher) Release() { m.busy.Add(-1) }

// Busy returns the number of calls without a reply.
func (m *Batcher) Busy() int64 { return int64(m.busy.Load()) }

// Do sends the call in a batch and waits for its reply or for the end of ctx. If a hook
// panics while the batch is sent, Do panics with the same value.
func (m *Batcher) Do(ctx context.Context, c *Call) Outcome {
	c.ctx = ctx
	m.add(c)
	if done := ctx.Done(); done == nil {
		<-c.done
	} else {
		select {
		case <-c.done:
		case <-done:
			if outcome := m.abandon(c); outcome != Replied {
				return outcome
			}
		}
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	return Replied
}

// DoAsync sends the call in a batch and does not wait. It calls replied with the call and
// its reply, on a goroutine that other callers wait for. If a hook panics, the call's Err
// says so. If inline is true, the calling goroutine may send one batch itself.
func (m *Batcher) DoAsync(ctx context.Context, c *Call, inline bool, replied func(*Call)) {
	c.ctx, c.replied = ctx, replied
	m.mu.Lock()
	m.enqueue(c)
	b := m.tryStartWorker()
	m.mu.Unlock()
	switch {
	case b == nil:
	case inline:
		m.work(b, 1)
	default:
		go m.work(b, math.MaxInt)
	}
}

// Cancel removes an asynchronous call that is still pending, and reports whether it did. The
// call then belongs to the caller again, and replied is not called. The call must not
// have been replied to.
func (m *Batcher) Cancel(c *Call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !c.queued {
		return false
	}
	m.dequeue(c)
	m.busy.Add(-1)
	return true
}

// add makes the call pending and starts a worker if one is missing.
func (m *Batcher) add(c *Call) {
	m.mu.Lock()
	m.enqueue(c)
	if b := m.tryStartWorker(); b != nil {
		go m.work(b, math.MaxInt)
	}
	m.mu.Unlock()
}

// enqueue appends the call to the pending ones. The caller holds the lock.
func (m *Batcher) enqueue(c *Call) {
	c.queued = true
	if c.prev = m.last; c.prev == nil {
		m.first = c
	} else {
		c.prev.next = c
	}
	m.last = c
	m.busy.Add(1)
}

// dequeue removes a pending call. The caller holds the lock.
func (m *Batcher) dequeue(c *Call) {
	if c.prev == nil {
		m.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		m.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next, c.queued = nil, nil, false
}

// abandon ends the wait of a caller whose context has ended. A batch has many callers, and
// nobody takes a late reply. So the lock decides between reply and caller, not a bit of
// each call.
func (m *Batcher) abandon(c *Call) Outcome {
	m.mu.Lock()
	s := c.sent
	if s == nil {
		m.dequeue(c)
		m.busy.Add(-1)
		m.mu.Unlock()
		return Unsent
	}
	m.mu.Unlock()
	if m.abandonGrace > 0 {
		timer := time.NewTimer(m.abandonGrace)
		defer timer.Stop()
		select {
		case <-c.done:
			return Replied
		case <-timer.C:
		}
	}
	m.mu.Lock()
	if s.over {
		m.mu.Unlock()
		<-c.done
		return Replied
	}
	if s.waiting--; s.waiting == 0 {
		m.abandoned.Add(1)
	}
	c.abandoned = true
	m.mu.Unlock()
	return Abandoned
}

// tryStartWorker returns the batch of one more worker, or nil if there are enough
// workers. The caller holds the lock.
func (m *Batcher) tryStartWorker() *batch {
	if m.workers >= maxWorkers || m.coalesce > 0 && m.workers > 0 && time.Since(m.latest) < m.coalesce {
		return nil
	}
	return m.startWorker()
}

// startWorker returns the batch of one more worker. The caller holds the lock.
func (m *Batcher) startWorker() *batch {
	m.workers++
	if !m.ticking {
		m.ticking, m.seen = true, m.taken
		if m.ticker == nil {
			m.ticker = time.AfterFunc(stuckAfter, m.tick)
		} else {
			m.ticker.Reset(stuckAfter)
		}
	}
	b := &batch{index: map[groupKey]int{}}
	if n := len(m.spare); n > 0 {
		b, m.spare = m.spare[n-1], m.spare[:n-1]
	}
	return b
}

// tick runs periodically while there are workers. If calls are pending and no batch was
// taken since the last tick, all workers are stuck, and tick starts one more.
func (m *Batcher) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first != nil && m.taken == m.seen && m.workers < MaxInFlight {
		go m.work(m.startWorker(), math.MaxInt)
	}
	m.seen = m.taken
	if m.ticking = m.workers > 0; m.ticking {
		m.ticker.Reset(stuckAfter)
	}
}

// work sends batches until no call is pending. After the given number of batches it hands
// the rest to another goroutine.
func (m *Batcher) work(b *batch, batches int) {
	ended := false
	defer func() {
		if !ended {
			m.replaceWorker()
		}
	}()
	for m.take(b) {
		m.run(b)
		if batches--; batches == 0 {
			m.handOff(b)
			break
		}
	}
	ended = true
}

// handOff continues the worker in another goroutine, or ends it if no call is pending.
func (m *Batcher) handOff(b *batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first != nil {
		go m.work(b, math.MaxInt)
		return
	}
	m.stopWorker(b)
}

// stopWorker ends a worker that has nothing to do. The caller holds the lock.
func (m *Batcher) stopWorker(b *batch) {
	m.workers--
	m.spare = append(m.spare, b)
}

// replaceWorker replaces a worker whose goroutine was ended by a hook.
func (m *Batcher) replaceWorker() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.workers--
	if m.first != nil {
		go m.work(m.startWorker(), math.MaxInt)
	}
}

// take fills the batch with pending calls. If there are none it ends the worker and
// returns false.
func (m *Batcher) take(b *batch) bool {
	runtime.Gosched() // so that callers about to call share this batch
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first == nil {
		m.stopWorker(b)
		return false
	}
	m.fill(b)
	return true
}

// fill moves pending calls into the batch. The caller holds the lock.
func (m *Batcher) fill(b *batch) {
	m.taken++
	if m.coalesce > 0 {
		m.latest = time.Now()
	}
	b.sent = &sent{}
	for n, bytes := 0, 0; m.first != nil; {
		c := m.first
		n += c.Elements
		bytes += c.Size
		if len(b.calls) > 0 && (n > maxElements || bytes > maxSize) {
			break
		}
		m.dequeue(c)
		c.sent = b.sent
		b.calls = append(b.calls, c)
	}
	b.sent.waiting = len(b.calls)
}

// errGone is the error of calls whose sending goroutine was ended by a hook.
var errGone = errors.New("a hook ended the goroutine that was sending")

// run sends the batch and gives each caller its reply. It does so even if a hook panics.
func (m *Batcher) run(b *batch) {
	failed := true
	defer func() {
		if failed {
			panicked := recover()
			for _, c := range b.calls {
				c.Err, c.panicked = errGone, panicked
			}
		}
		m.deliver(b)
	}()
	b.send(m.transport)
	failed = false
}

// deliver gives each caller its reply and releases the calls.
func (m *Batcher) deliver(b *batch) {
	m.mu.Lock()
	b.sent.over = true
	if b.sent.waiting == 0 {
		m.abandoned.Add(-1)
	}
	m.mu.Unlock()
	m.busy.Add(int32(-len(b.calls)))
	for _, c := range b.calls { // after this, the call belongs to its caller
		if c.replied == nil {
			c.done <- struct{}{}
			continue
		}
		if c.panicked != nil {
			c.Err = fmt.Errorf("%w: it panicked: %v", errGone, c.panicked)
		}
		c.replied(c)
	}
	b.reset()
}
