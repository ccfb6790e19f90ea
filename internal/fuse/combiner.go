package fuse

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
	width    = 4                      // batches under way, as long as they move
	elements = 512                    // of one batch
	size     = 256 << 10              // of one batch, unless one call is larger
	period   = 100 * time.Millisecond // after which batches count as stuck
)

// Most is how many batches a combiner has under way when none of them moves.
const Most = 2 * width

// Transport sends commands, as one pipeline if there are several. What became
// of each is the error of the command.
type Transport func(ctx context.Context, cmds []redis.Cmder)

// Outcome says what a caller knows when it goes on.
type Outcome int

// The outcomes of [Combiner.Do].
const (
	Answered Outcome = iota // the answer is in the call
	Unsent                  // the context ended, and the call was taken back
	Left                    // the context ended, and the call may have been sent
)

// Combiner sends the calls of many goroutines to one place. Up to four workers
// take what is pending and send it as one batch each; one starts with a call
// that finds fewer, and ends when nothing is pending. So a call waits for
// nothing but a free worker, and what arrives meanwhile waits with it.
type Combiner struct {
	transport Transport
	verdict   time.Duration // how long a caller that leaves waits for the word of its batch
	left      *atomic.Int64 // batches whose callers have all left
	slow      time.Duration // after which a batch under way lets another one begin; 0: they need not wait

	busy atomic.Int32 // calls without an answer, and callers that send by themselves

	mu          sync.Mutex
	first, last *Call // pending
	live        int   // workers
	spare       []*load
	taken       uint      // batches so far
	latest      time.Time // when one was taken, if that matters
	seen        uint      // at the last tick
	ticker      *time.Timer
	ticking     bool
}

// New returns a combiner that sends by transport and counts in left the
// batches that all their callers have left. It starts nothing.
func New(transport Transport, verdict time.Duration, left *atomic.Int64) *Combiner {
	return &Combiner{transport: transport, verdict: verdict, left: left}
}

// Narrow makes batches large: another one begins while one is under way only once that
// takes longer than slow, as over a link with latency. It is for calls that cost less
// the more of them leave together, before the first of them. It returns the combiner.
func (m *Combiner) Narrow(slow time.Duration) *Combiner {
	m.slow = slow
	return m
}

// Enter reports whether the caller is alone: nothing is pending or under way.
// Then it may send its call by itself, and says [Combiner.Exit] afterwards.
func (m *Combiner) Enter() bool { return m.busy.CompareAndSwap(0, 1) }

// Busy returns how many calls have no reply yet.
func (m *Combiner) Busy() int64 { return int64(m.busy.Load()) }

// Exit ends what Enter began.
func (m *Combiner) Exit() { m.busy.Add(-1) }

// Do has the call sent with others and waits for its answer, or for the end of
// ctx. A panic of a hook while its batch was sent goes on here.
func (m *Combiner) Do(ctx context.Context, c *Call) Outcome {
	c.ctx = ctx
	m.add(c)
	if done := ctx.Done(); done == nil {
		<-c.done
	} else {
		select {
		case <-c.done:
		case <-done:
			if outcome := m.leave(c); outcome != Answered {
				return outcome
			}
		}
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	return Answered
}

// Post has the call sent with others and does not wait: answered gets it with its
// answer, in a goroutine that others wait for. A panic of a hook is its Err. A caller
// that has nothing else to do may send a batch by itself, if here is true.
func (m *Combiner) Post(ctx context.Context, c *Call, here bool, answered func(*Call)) {
	c.ctx, c.posted = ctx, answered
	m.mu.Lock()
	m.link(c)
	l := m.begin()
	m.mu.Unlock()
	switch {
	case l == nil:
	case here:
		m.work(l, 1)
	default:
		go m.work(l, math.MaxInt)
	}
}

// Withdraw takes a posted call back, and reports whether nobody had sent it:
// then it is the caller's again, and answered is not called. It is a mistake to
// ask for a call that was answered.
func (m *Combiner) Withdraw(c *Call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !c.queued {
		return false
	}
	m.unlink(c)
	m.busy.Add(-1)
	return true
}

// add makes the call pending, and sees to it that a worker comes.
func (m *Combiner) add(c *Call) {
	m.mu.Lock()
	m.link(c)
	if l := m.begin(); l != nil {
		go m.work(l, math.MaxInt)
	}
	m.mu.Unlock()
}

// link makes the call the last one that is pending. The lock is held.
func (m *Combiner) link(c *Call) {
	c.queued = true
	if c.prev = m.last; c.prev == nil {
		m.first = c
	} else {
		c.prev.next = c
	}
	m.last = c
	m.busy.Add(1)
}

// unlink takes a pending call out.
func (m *Combiner) unlink(c *Call) {
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

// leave ends the wait of a caller whose context has ended.
func (m *Combiner) leave(c *Call) Outcome {
	m.mu.Lock()
	b := c.batch
	if b == nil {
		m.unlink(c)
		m.busy.Add(-1)
		m.mu.Unlock()
		return Unsent
	}
	m.mu.Unlock()
	if m.verdict > 0 {
		timer := time.NewTimer(m.verdict)
		defer timer.Stop()
		select {
		case <-c.done:
			return Answered
		case <-timer.C:
		}
	}
	m.mu.Lock()
	if b.over {
		m.mu.Unlock()
		<-c.done
		return Answered
	}
	if b.waiting--; b.waiting == 0 {
		m.left.Add(1)
	}
	c.left = true
	m.mu.Unlock()
	return Left
}

// begin returns what one more worker works with, or nil if there are enough of them.
// The lock is held.
func (m *Combiner) begin() *load {
	if m.live >= width || m.slow > 0 && m.live > 0 && time.Since(m.latest) < m.slow {
		return nil
	}
	return m.hire()
}

// hire returns what one more worker works with. The lock is held.
func (m *Combiner) hire() *load {
	m.live++
	if !m.ticking {
		m.ticking, m.seen = true, m.taken
		if m.ticker == nil {
			m.ticker = time.AfterFunc(period, m.tick)
		} else {
			m.ticker.Reset(period)
		}
	}
	l := &load{index: map[groupKey]int{}}
	if n := len(m.spare); n > 0 {
		l, m.spare = m.spare[n-1], m.spare[:n-1]
	}
	return l
}

// tick looks at the workers every now and then as long as there are any. If no
// batch was taken since the last time, although calls are pending, all workers
// have one that does not come back, and one more starts.
func (m *Combiner) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first != nil && m.taken == m.seen && m.live < Most {
		go m.work(m.hire(), math.MaxInt)
	}
	m.seen = m.taken
	if m.ticking = m.live > 0; m.ticking {
		m.ticker.Reset(period)
	}
}

// work is a worker's life: as long as calls are pending, or for so many batches, and
// then another one goes on.
func (m *Combiner) work(l *load, batches int) {
	ended := false
	defer func() {
		if !ended {
			m.lose()
		}
	}()
	for m.take(l) {
		m.run(l)
		if batches--; batches == 0 {
			m.hand(l)
			break
		}
	}
	ended = true
}

// hand ends a worker, or has another goroutine go on.
func (m *Combiner) hand(l *load) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first != nil {
		go m.work(l, math.MaxInt)
		return
	}
	m.rest(l)
}

// rest ends a worker that has nothing to do. The lock is held.
func (m *Combiner) rest(l *load) {
	m.live--
	m.spare = append(m.spare, l)
}

// lose replaces a worker whose goroutine a hook has ended.
func (m *Combiner) lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live--
	if m.first != nil {
		go m.work(m.hire(), math.MaxInt)
	}
}

// take takes a batch, or ends the worker if nothing is pending.
func (m *Combiner) take(l *load) bool {
	runtime.Gosched() // callers that are about to call join
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first == nil {
		m.rest(l)
		return false
	}
	m.fill(l)
	return true
}

// fill makes a batch of the calls that are pending. The lock is held.
func (m *Combiner) fill(l *load) {
	m.taken++
	if m.slow > 0 {
		m.latest = time.Now()
	}
	l.batch = &batch{}
	for n, bytes := 0, 0; m.first != nil; {
		c := m.first
		n += c.Elements
		bytes += c.Size
		if len(l.calls) > 0 && (n > elements || bytes > size) {
			break
		}
		m.unlink(c)
		c.batch = l.batch
		l.calls = append(l.calls, c)
	}
	l.batch.waiting = len(l.calls)
}

// errGone is the answer when a hook has ended the goroutine it ran on.
var errGone = errors.New("a hook ended the goroutine that was sending")

// run sends the batch and gives the callers their answers, whatever happens.
func (m *Combiner) run(l *load) {
	failed := true
	defer func() {
		if failed {
			panicked := recover()
			for _, c := range l.calls {
				c.Err, c.panicked = errGone, panicked
			}
		}
		m.answer(l)
	}()
	l.send(m.transport)
	failed = false
}

// answer ends the batch.
func (m *Combiner) answer(l *load) {
	m.mu.Lock()
	l.batch.over = true
	if l.batch.waiting == 0 {
		m.left.Add(-1)
	}
	m.mu.Unlock()
	m.busy.Add(int32(-len(l.calls)))
	for _, c := range l.calls { // from here on it is its caller's
		if c.posted == nil {
			c.done <- struct{}{}
			continue
		}
		if c.panicked != nil {
			c.Err = fmt.Errorf("%w: it panicked: %v", errGone, c.panicked)
		}
		c.posted(c)
	}
	l.drop()
}
