package wait

import (
	"context"
	"errors"
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
	ErrClosed = errors.New("closed")
	ErrIdle   = errors.New("no value arrived in time")
)

// Waiter waits for all receivers of one client.
type Waiter struct {
	shared *clients.Shared

	mu       sync.Mutex
	loops    map[*redis.Client]*loop // running loops by node; see node for nil
	retired  []*loop                 // replaced loops that may still get replies
	ahead    map[*Ahead]struct{}     // prefetched values
	shutting atomic.Bool             // no receiver may enter
}

type part struct{}

// Of returns the waiter that the objects of a client share.
func Of(h *clients.Shared) *Waiter {
	return clients.Value(h, part{}, func() *Waiter {
		w := &Waiter{shared: h, loops: map[*redis.Client]*loop{}, ahead: map[*Ahead]struct{}{}}
		h.OnClose(clients.EndReceiving, w.shut)
		return w
	})
}

// Receive takes up to limit values of a source, and waits for at least one. It returns the
// values, ErrClosed, a permanent error, or the context's error. Values that have arrived when
// the context ends are returned.
func (w *Waiter) Receive(ctx context.Context, s Source, limit int) ([]string, error) {
	r := &receiver{max: limit, done: make(chan struct{})}
	l, err := w.enter(ctx, s, r)
	if err != nil {
		return nil, err
	}
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.part(ctx, l, s, r)
	}
}

// ReceiveWithin is like Receive, but returns ErrIdle if no value arrives within d. The loop
// decides that, since a take for the receiver may be in flight.
func (w *Waiter) ReceiveWithin(ctx context.Context, s Source, limit int, d time.Duration) ([]string, error) {
	r := &receiver{max: limit, done: make(chan struct{}), last: d <= 0}
	l, err := w.enter(ctx, s, r)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.part(ctx, l, s, r)
	case <-timer.C:
	}
	w.expire(l, s, r)
	timer.Reset(grace)
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.part(ctx, l, s, r)
	case <-timer.C: // the server does not reply
	}
	if w.leave(l, s, r) {
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

// part ends a wait whose context has ended. If a take for the receiver is in flight, part
// waits for it and returns its values, since the program may close the client and exit next.
// If the server does not reply within LeaveTime, part returns, and the loop requeues the
// values when they arrive.
func (w *Waiter) part(ctx context.Context, l *loop, s Source, r *receiver) ([]string, error) {
	if w.dismiss(l, s, r) {
		return nil, r.ended(ctx)
	}
	timer := time.NewTimer(LeaveTime)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
		if w.leave(l, s, r) {
			return nil, r.ended(ctx)
		}
		<-r.done
	}
	if errors.Is(r.err, errLeft) {
		return nil, r.ended(ctx)
	}
	return r.values, r.err
}

// dismiss removes a receiver from its queue, which may have moved, and reports whether it was
// removed. Otherwise it has its values, or has to wait for a take in flight.
func (w *Waiter) dismiss(l *loop, s Source, r *receiver) bool {
	out := false
	w.find(l, func(l *loop) (here bool) {
		here, out = l.dismiss(s, r)
		return here
	})
	return out
}

// find calls f with the loop that a receiver entered, then with the other loops, since the
// receiver's queue may have moved. It stops when f returns true, and reports whether f did.
func (w *Waiter) find(l *loop, f func(*loop) bool) bool {
	if f(l) {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, other := range w.loops {
		if f(other) {
			return true
		}
	}
	return false
}

// expire makes a receiver's wait end with the next take. Its queue may have moved.
func (w *Waiter) expire(l *loop, s Source, r *receiver) {
	w.find(l, func(l *loop) bool { return l.expire(s, r) })
}

// enter adds a receiver to the queue of its source.
func (w *Waiter) enter(ctx context.Context, s Source, r *receiver) (*loop, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asked := time.Now()
	node, err := w.node(ctx, s.Values)
	switch {
	case err != nil && ctx.Err() != nil && time.Since(asked) > outage.Overdue: // no reply
		return nil, outage.Ended(ctx, outage.ErrSilent)
	case err != nil:
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shutting.Load() {
		return nil, send.ErrShut
	}
	l := w.loop(node)
	l.enter(s, []*receiver{r}, nil, nil)
	return l, nil
}

// GiveBack gives unused values of Receive to the next receiver, in this process or another.
// It does not wait.
func (w *Waiter) GiveBack(ctx context.Context, s Source, values []string) {
	node, err := w.node(context.WithoutCancel(ctx), s.Values)
	if errors.Is(err, redis.ErrClosed) {
		_ = w.put(context.WithoutCancel(ctx), s, values) // it is counted
		return
	}
	if err != nil {
		w.lost(s, len(values), whyRequeue, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loop(node).enter(s, nil, values, nil)
}

// loop returns the loop of a node. The mutex is held, and must be held until a receiver or a
// value has entered the loop.
func (w *Waiter) loop(node *redis.Client) *loop {
	l := w.loops[node]
	if l == nil {
		l = newLoop(w, node)
		w.loops[node] = l
	}
	return l
}

// node returns the server of a key, or nil if the client does not identify its servers.
func (w *Waiter) node(ctx context.Context, key string) (*redis.Client, error) {
	node, err := w.shared.Node(ctx, key)
	return node, w.shared.Send.Explain(ctx, err)
}

// leave removes a receiver from its queue, which may have moved, and reports whether it was
// still waiting.
func (w *Waiter) leave(l *loop, s Source, r *receiver) bool {
	return w.find(l, func(l *loop) bool { return l.leave(s, r) })
}

// published reports whether wake-ups are published rather than pushed to a list.
func (w *Waiter) published() bool { _, ok := w.shared.Redis.(*redis.ClusterClient); return ok }

// Flag returns the script argument for published: "publish" or "".
func Flag(h *clients.Shared) string {
	if Of(h).published() {
		return "publish"
	}
	return ""
}

// spread reports whether the client has several servers between which keys may move.
func (w *Waiter) spread() bool { return w.shared.Slotted() }
