package wait

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/conn"
)

const (
	period     = time.Second // length of one block; time between takes of an idle queue. Claims have claimPeriod
	linger     = time.Second // how long a loop without receivers keeps running
	maxTake    = 512         // values in one take
	alwaysTake = 8           // up to this many queues, all takes follow each block

	// While some queues are busy, all queues are checked once in this time for each queue.
	fairShare = 200 * time.Microsecond
)

// pauses are the pauses after errors.
var pauses = backoff.Range{First: 50 * time.Millisecond, Last: 2 * time.Second}

// TokenTTL is the expiry of a wake token.
const TokenTTL = time.Minute

// loop waits at one server for all queues of that server. It runs while there are receivers.
type loop struct {
	waiter *Waiter
	loopID
	period time.Duration // length of one block
	waker  waker
	wakeup chan struct{} // wakes the loop; holds one

	maxSilence time.Duration // how long the connection may be silent while a reply is due
	watch      watchdog

	allChecked    time.Time // when all queues were last checked; used by the loop's goroutine
	clientChecked time.Time // when the client was last seen open; used by the loop's goroutine

	replyDeadline atomic.Int64 // when the pending reply is overdue, UnixNano; 0 while none is pending

	mu      sync.Mutex
	lastErr error // why the server does not serve receivers now, or nil
	queues  map[sourceID]*waitQueue
	early   map[sourceID]bool // sources of claims that were woken while they had no queue; nil if none were
	running bool
	retired bool // another loop has replaced it
}

// waker waits until a queue may have values.
type waker interface {
	// block waits, for at most a period, until one of the queues may have values, and returns
	// the queues to take from. It may have finished takes already.
	block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error)
	// client returns the client that sends the takes.
	client() redis.Cmdable
	// interrupt ends a running block that does not wait for the queue. With force it ends any.
	interrupt(q *waitQueue, force bool)
	// close frees the resources. The waker can be used again afterwards.
	close()
}

func newLoop(w *Waiter, id loopID) *loop {
	l := &loop{waiter: w, loopID: id, period: period, wakeup: make(chan struct{}, 1), queues: map[sourceID]*waitQueue{}}
	if id.claims {
		l.period = claimPeriod
	}
	l.watch.loop = l
	if l.node != nil {
		l.maxSilence = conn.ReadTimeout(l.node, l.period+grace)
	}
	if w.usesPubSub() {
		l.waker = newSubscriber(l)
	} else {
		l.waker = newBlocker(l)
	}
	return l
}

// enqueue adds receivers, buffered values, and the last error of their previous loop, and
// starts the loop if it is not running.
func (l *loop) enqueue(s Source, rs []*receiver, buffered []string, lastErr error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.id()]
	if q == nil {
		q = &waitQueue{source: s, lastErr: l.lastErr}
		l.queues[s.id()] = q
	}
	if q.lastErr == nil {
		q.lastErr = lastErr
	}
	q.waiting = append(q.waiting, rs...)
	q.serve(buffered) // together with q.buffered
	if !q.taking && slices.ContainsFunc(rs, isLeaving) {
		q.takeEnded() // their take is in another loop, which requeues its values
	}
	if len(q.waiting) == 0 && len(q.buffered) == 0 {
		return
	}
	early := l.early[s.id()]
	delete(l.early, s.id())
	if first := q.firstClaim(); s.claims && !early && len(q.waiting) == 1 && first != nil && !first.due.IsZero() {
		q.due = first.due
	} else {
		q.dirty = true
	}
	l.notify()
	if !l.running {
		l.running = true
		go l.run()
		return
	}
	l.waker.interrupt(q, false)
}

// find calls f with the wait queue in which a receiver waits, and reports whether it waits in
// this loop. f is called with the mutex held.
func (l *loop) find(s Source, r *receiver, f func(*loop, *waitQueue, *receiver)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.id()]
	if q == nil || !slices.Contains(q.waiting, r) {
		return false
	}
	f(l, q, r)
	return true
}

// remove removes a receiver from its queue, and records why it was not served. The mutex is
// held.
func (l *loop) remove(q *waitQueue, r *receiver) {
	q.remove(r)
	if r.lastErr == nil {
		r.lastErr = l.overdueErr()
	}
}

// urgent reports whether a receiver came, or wants to leave, and cannot wait for a block to
// end. The mutex is held.
func (l *loop) urgent() bool {
	if l.waiter.closing.Load() {
		return true
	}
	for _, q := range l.queues {
		if q.urgent() && !q.moving {
			return true
		}
	}
	return false
}

// endReceivers ends the waits of all receivers with an error, and then the loop.
func (l *loop) endReceivers(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		q.end(err)
	}
	l.notify()
	l.waker.interrupt(nil, true)
}

// notify wakes the loop.
func (l *loop) notify() {
	select {
	case l.wakeup <- struct{}{}:
	default:
	}
}

// await waits until the loop is notified, at most for d. It reports whether it was.
func (l *loop) await(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.wakeup:
		return true
	case <-timer.C:
		return false
	}
}

// run is the goroutine of the loop. It ends shortly after the last receiver has left.
func (l *loop) run() {
	ctx := context.Background()
	pause := pauses.Start()
	if l.waiter.slotted() {
		pause.Limit(pauses.Last / 4) // the slots may have moved to another node
	}
	for {
		if l.endIfRetired() {
			return
		}
		runtime.Gosched() // receivers that were just served may come back
		l.requeueAll(ctx) // before any take, since buffered values belong at the head
		now, all := l.plan()
		if len(all) == 0 {
			if !l.awaitReceiver() {
				return
			}
			continue
		}
		err := l.checkClient()
		switch {
		case err != nil:
		case len(now) > 0:
			err = l.take(ctx, now)
		default:
			stopTimer, stopWatch := l.startDueTimer(all), l.watchClient()
			now, err = l.waker.block(ctx, all)
			stopWatch()
			stopTimer()
			l.markDirty(now)
		}
		if err == nil {
			pause.Reset()
			continue
		}
		if l.handleError(err) {
			pause.Wait(ctx)
		}
	}
}

// plan returns the queues to take from now, and all queues with receivers. While some queues
// keep the loop busy, it returns all queues from time to time.
func (l *loop) plan() (now, all []*waitQueue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, q := range l.queues {
		if len(q.waiting) == 0 || q.moving {
			if len(q.buffered) == 0 && !q.moving {
				delete(l.queues, key) // nothing of it is in flight
			}
			continue
		}
		all = append(all, q)
		if q.dirty {
			now = append(now, q)
		}
	}
	if len(now) > 0 && time.Since(l.allChecked) >= min(l.period, time.Duration(len(all))*fairShare) {
		now = all
	}
	if len(now) == len(all) {
		l.allChecked = time.Now()
	}
	return now, all
}

func (l *loop) markDirty(queues []*waitQueue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range queues {
		q.dirty = true
	}
}

// awaitReceiver waits for a receiver. It reports false if none came; the loop has then ended.
func (l *loop) awaitReceiver() bool {
	d := linger
	if l.waiter.closing.Load() {
		d = pauses.First / 10 // buffered values may have to be requeued
	}
	if l.await(d) {
		return true
	}
	l.waiter.mu.Lock()
	defer l.waiter.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		if len(q.waiting) > 0 || len(q.buffered) > 0 {
			return true
		}
	}
	if l.retired {
		return true // endIfRetired ends it
	}
	clear(l.queues)
	l.running = false
	l.waker.close()
	delete(l.waiter.loops, l.loopID)
	return false
}
