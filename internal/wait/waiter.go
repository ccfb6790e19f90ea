package wait

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

// Errors that end receivers: the source is closed and empty, or no value arrived in time.
var (
	// ErrClosed has the class of the error of a closed client, but is not that error.
	ErrClosed = fmt.Errorf("%w", send.ErrClosed)
	ErrIdle   = errors.New("no value arrived in time")
)

// Waiter waits for all receivers of one client.
type Waiter struct {
	shared *clients.Shared

	mu         sync.Mutex
	loops      map[loopID]*loop         // running loops
	retired    []*loop                  // replaced loops that may still get replies
	prefetched map[*Prefetched]struct{} // prefetched values
	closing    atomic.Bool              // no receiver may be added
}

type sharedKey struct{}

// Of returns the waiter that the objects of a client share.
func Of(shared *clients.Shared) *Waiter {
	return clients.Value(shared, sharedKey{}, func() *Waiter {
		w := &Waiter{shared: shared, loops: map[loopID]*loop{}, prefetched: map[*Prefetched]struct{}{}}
		shared.OnClose(clients.EndReceiving, w.close)
		return w
	})
}

// Receive takes up to limit values of a source, and waits for at least one. It returns the
// values, ErrClosed, a permanent error, or the context's error. Values that have arrived when
// the context ends are returned.
func (w *Waiter) Receive(ctx context.Context, s Source, limit int) ([]string, error) {
	return w.receive(ctx, s, &receiver{max: limit, done: make(chan struct{})}, LeaveTime)
}

func (w *Waiter) receive(ctx context.Context, s Source, r *receiver, leaveTime time.Duration) ([]string, error) {
	l, err := w.enqueue(ctx, s, r)
	if err != nil {
		return nil, err
	}
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.finish(ctx, l, s, r, leaveTime)
	}
}

// ReceiveWithin is like Receive, but returns ErrIdle if no value arrives within d. The loop
// decides that, since a take for the receiver may be in flight.
func (w *Waiter) ReceiveWithin(ctx context.Context, s Source, limit int, d time.Duration) ([]string, error) {
	r := &receiver{max: limit, done: make(chan struct{}), expired: d <= 0}
	l, err := w.enqueue(ctx, s, r)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.finish(ctx, l, s, r, LeaveTime)
	case <-timer.C:
	}
	w.expire(l, s, r)
	timer.Reset(grace)
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.finish(ctx, l, s, r, LeaveTime)
	case <-timer.C: // the server does not reply
	}
	if w.remove(l, s, r) {
		values, err := w.Try(ctx, s, limit)
		if err == nil && len(values) == 0 {
			err = ErrIdle
		}
		return values, err
	}
	<-r.done
	return r.values, r.err
}

// LeaveTime is how long a receiver that leaves waits for its take in flight.
const LeaveTime = 50 * time.Millisecond

// finish ends a wait whose context has ended. If a take for the receiver is in flight, finish
// waits for it and returns its values, since the program may close the client and exit next.
// If the server does not reply within leaveTime, finish returns, and the loop requeues the
// values when they arrive.
func (w *Waiter) finish(ctx context.Context, l *loop, s Source, r *receiver, leaveTime time.Duration) ([]string, error) {
	if w.leave(l, s, r) {
		return nil, r.ctxErr(ctx)
	}
	timer := time.NewTimer(leaveTime)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
		if w.remove(l, s, r) {
			return nil, r.ctxErr(ctx)
		}
		<-r.done
	}
	if errors.Is(r.err, errLeft) {
		return nil, r.ctxErr(ctx)
	}
	return r.values, r.err
}

// find calls f with the loop and the wait queue in which a receiver waits, and reports whether
// it waits. l is the loop to which it was added; its queue may have moved to another one. f is
// called with the loop's mutex held.
func (w *Waiter) find(l *loop, s Source, r *receiver, f func(*loop, *waitQueue, *receiver)) bool {
	if l.find(s, r, f) {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, other := range w.loops {
		if other.find(s, r, f) {
			return true
		}
	}
	return false
}

// leave removes a receiver from its queue, and reports whether it was removed. Otherwise it has
// its values, or a take for it is in flight. It then stays until the take has ended, and leave
// ends the block before that take.
func (w *Waiter) leave(l *loop, s Source, r *receiver) (removed bool) {
	w.find(l, s, r, func(l *loop, q *waitQueue, r *receiver) {
		if removed = !q.taking; removed {
			l.remove(q, r)
			return
		}
		r.leaving, r.leaveErr = true, errLeft
		l.waker.interrupt(q, true)
	})
	return removed
}

// expire makes a receiver's wait end with the next take.
func (w *Waiter) expire(l *loop, s Source, r *receiver) {
	w.find(l, s, r, func(l *loop, q *waitQueue, r *receiver) {
		r.expired, q.dirty = true, true
		l.notify()
		l.waker.interrupt(q, true)
	})
}

// remove removes a receiver from its queue, and reports whether it was still waiting.
func (w *Waiter) remove(l *loop, s Source, r *receiver) bool {
	return w.find(l, s, r, (*loop).remove)
}

// enqueue adds a receiver to the queue of its source.
func (w *Waiter) enqueue(ctx context.Context, s Source, r *receiver) (*loop, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	start := time.Now()
	node, err := w.node(ctx, s.Values)
	switch {
	case err != nil && ctx.Err() != nil && time.Since(start) > outage.Overdue: // no reply
		return nil, outage.Ended(ctx, outage.ErrSilent)
	case err != nil:
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing.Load() {
		return nil, send.ErrCloseCalled
	}
	l := w.loop(loopID{node, s.claims})
	l.enqueue(s, []*receiver{r}, nil, nil)
	return l, nil
}

// RequeueAsync gives unused values of Receive to the next receiver, in this process or
// another. It does not wait.
func (w *Waiter) RequeueAsync(ctx context.Context, s Source, values []string) {
	node, err := w.node(context.WithoutCancel(ctx), s.Values)
	if errors.Is(err, redis.ErrClosed) {
		_ = w.requeue(context.WithoutCancel(ctx), s, values) // it is counted
		return
	}
	if err != nil {
		w.reportLost(s, len(values), whyRequeue, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loop(loopID{node, s.claims}).enqueue(s, nil, values, nil)
}

// loop returns a loop. The mutex is held, and must be held until a receiver or a value has
// been added to the loop.
func (w *Waiter) loop(id loopID) *loop {
	l := w.loops[id]
	if l == nil {
		l = newLoop(w, id)
		w.loops[id] = l
	}
	return l
}

// node returns the server of a key, or nil if the client does not identify its servers.
func (w *Waiter) node(ctx context.Context, key string) (*redis.Client, error) {
	node, err := w.shared.Node(ctx, key)
	return node, w.shared.Sender.Classify(ctx, err)
}

// usesPubSub reports whether wake-ups are published rather than pushed to a list.
func (w *Waiter) usesPubSub() bool { _, ok := w.shared.Redis.(*redis.ClusterClient); return ok }

// WakeMode returns the script argument for usesPubSub: "publish" or "".
func WakeMode(shared *clients.Shared) string {
	if Of(shared).usesPubSub() {
		return "publish"
	}
	return ""
}

// slotted reports whether the client has several servers between which keys may move.
func (w *Waiter) slotted() bool { return w.shared.Slotted() }
