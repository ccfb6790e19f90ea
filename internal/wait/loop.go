package wait

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

const (
	period    = time.Second           // length of one block; time between takes of an idle queue
	linger    = time.Second           // how long a loop without receivers keeps running
	minPause  = 50 * time.Millisecond // first backoff after an error; doubles
	maxPause  = 2 * time.Second       // longest backoff
	maxTake   = 512                   // values in one take
	rideAlong = 8                     // up to this many queues, all takes follow each block

	// While some queues are busy, all queues are looked at once in this time for each queue.
	share = 200 * time.Microsecond
)

// TokenLife is the expiry of a wake token.
const TokenLife = time.Minute

// loop waits at one server for all queues of that server. It runs while there are receivers.
type loop struct {
	w     *Waiter
	node  *redis.Client // nil if the client does not identify its servers
	waker waker
	kick  chan struct{} // wakes the loop; holds one

	patience time.Duration // how long the connection may be silent while a reply is due
	watch    watchdog

	looked  time.Time // when all queues were last looked at; used by the loop's goroutine
	checked time.Time // when the client was last seen open; used by the loop's goroutine

	due atomic.Int64 // when the pending reply is overdue, UnixNano; 0 while none is pending

	mu      sync.Mutex
	last    error // why the server does not serve receivers now, or nil
	queues  map[place]*waitQueue
	running bool
	retired bool // another loop has replaced it
}

// waker waits until a queue may have values.
type waker interface {
	// block waits, for at most a period, until one of the queues may have values, and returns
	// the queues to look at. It may have settled takes already.
	block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error)
	// client returns the client that sends the takes.
	client() redis.Cmdable
	// interrupt ends a running block that does not wait for the queue. With anyway it ends any.
	interrupt(l *waitQueue, anyway bool)
	// close frees the resources. The waker can be used again afterwards.
	close()
}

func newLoop(w *Waiter, node *redis.Client) *loop {
	l := &loop{w: w, node: node, kick: make(chan struct{}, 1), queues: map[place]*waitQueue{}}
	l.watch.loop = l
	if node != nil {
		l.patience = conn.ReadTimeout(node, period+grace)
	}
	if w.published() {
		l.waker = newListener(l)
	} else {
		l.waker = newBlocker(l)
	}
	return l
}

// enter adds receivers, buffered values, and the trouble of their previous loop, and starts the
// loop if it is not running.
func (l *loop) enter(s Source, rs []*receiver, buffered []string, trouble error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.place()]
	if q == nil {
		q = &waitQueue{source: s, trouble: l.last}
		l.queues[s.place()] = q
	}
	if q.trouble == nil {
		q.trouble = trouble
	}
	q.waiting = append(q.waiting, rs...)
	q.serve(buffered) // together with q.buffered
	if !q.taking && slices.ContainsFunc(rs, isLeaving) {
		q.settled() // their take is in another loop, which requeues its values
	}
	if len(q.waiting) == 0 && len(q.buffered) == 0 {
		return
	}
	q.dirty = true
	l.notify()
	if !l.running {
		l.running = true
		go l.run()
		return
	}
	l.waker.interrupt(q, false)
}

func (l *loop) leave(s Source, r *receiver) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.place()]
	return q != nil && l.release(q, r)
}

// release removes a receiver from its queue, and records why it was not served. The mutex is
// held.
func (l *loop) release(q *waitQueue, r *receiver) bool {
	if !q.leave(r) {
		return false
	}
	if r.trouble == nil {
		r.trouble = l.overdue()
	}
	return true
}

// dismiss removes a receiver from its queue. If a take for it is in flight, the receiver stays
// until the take has settled, and dismiss ends the block before that take. here reports
// whether the receiver was waiting in this loop, out whether it was removed.
func (l *loop) dismiss(s Source, r *receiver) (here, out bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.place()]
	if q == nil || !slices.Contains(q.waiting, r) {
		return false, false
	}
	if !q.taking {
		return true, l.release(q, r)
	}
	r.leaving, r.why = true, errLeft
	l.waker.interrupt(q, true)
	return true, false
}

// shut ends the waits of all receivers with an error, and then the loop.
func (l *loop) shut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		q.shut(err)
	}
	l.notify()
	l.waker.interrupt(nil, true)
}

// expire makes a receiver's wait end with the next take, and reports whether it waits in this
// loop.
func (l *loop) expire(s Source, r *receiver) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[s.place()]
	if q == nil || !slices.Contains(q.waiting, r) {
		return false
	}
	r.last, q.dirty = true, true
	l.notify()
	l.waker.interrupt(q, true)
	return true
}

// notify wakes the loop.
func (l *loop) notify() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// run is the goroutine of the loop. It ends shortly after the last receiver has left.
func (l *loop) run() {
	ctx := context.Background()
	pause, longest := minPause, maxPause
	if l.w.spread() {
		longest /= 4 // the slots may have moved to another node
	}
	for {
		if l.over() {
			return
		}
		runtime.Gosched() // receivers that were just served may enter again
		l.requeue(ctx)    // before any take, since buffered values belong at the head
		now, all := l.plan()
		if len(all) == 0 {
			if !l.idle() {
				return
			}
			continue
		}
		err := l.gone()
		switch {
		case err != nil:
		case len(now) > 0:
			err = l.look(ctx, now)
		default:
			now, err = l.waker.block(ctx, all)
			l.markDirty(now)
		}
		if err == nil {
			pause = minPause
			continue
		}
		if l.trouble(err) {
			send.Pause(ctx, pause)
			pause = min(2*pause, longest)
		}
	}
}

// plan returns the queues to look at now, and all queues with receivers. While some queues keep
// the loop busy, it returns all queues from time to time.
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
	if len(now) > 0 && time.Since(l.looked) >= min(period, time.Duration(len(all))*share) {
		now = all
	}
	if len(now) == len(all) {
		l.looked = time.Now()
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

// idle waits for a receiver. It reports false if none came; the loop has then ended.
func (l *loop) idle() bool {
	wait := linger
	if l.w.shutting.Load() {
		wait = minPause / 10 // buffered values may have to be requeued
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-l.kick:
		return true
	case <-timer.C:
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		if len(q.waiting) > 0 || len(q.buffered) > 0 {
			return true
		}
	}
	if l.retired {
		return true // over ends it
	}
	clear(l.queues)
	l.running = false
	l.waker.close()
	delete(l.w.loops, l.node)
	return false
}
