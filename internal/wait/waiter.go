package wait

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

// What ends receivers: a source that is closed and empty, and one where
// nothing came for as long as they wanted to wait.
var (
	ErrClosed = errors.New("closed")
	ErrIdle   = errors.New("nothing came")
)

// Waiter waits for all receivers of one client.
type Waiter struct {
	hub *hub.Hub

	mu       sync.Mutex
	loops    map[*redis.Client]*loop // that run, by their node; nil where the client does not name it
	retired  []*loop                 // that were given up, and whose replies may still come
	ahead    map[*Ahead]struct{}     // what loops have taken before their bodies asked
	shutting atomic.Bool             // nobody may come any more
}

type part struct{}

// Of returns the waiter that the objects of a client share.
func Of(h *hub.Hub) *Waiter {
	return h.Part(part{}, func() any {
		w := &Waiter{hub: h, loops: map[*redis.Client]*loop{}, ahead: map[*Ahead]struct{}{}}
		h.OnClose(hub.EndReceiving, w.shut)
		return w
	}).(*Waiter)
}

// Receive waits for up to limit values of a source, at least one. It ends with the
// values, with ErrClosed, with an error that no waiting mends, or with the
// context; what is there when the context ends is returned all the same.
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

// ReceiveWithin is Receive that ends with ErrIdle when nothing has come within d.
// The loop decides that, since a value may be under way to a receiver here.
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
	w.hurry(l, s, r)
	timer.Reset(grace)
	select {
	case <-r.done:
		return r.values, r.err
	case <-ctx.Done():
		return w.part(ctx, l, s, r)
	case <-timer.C: // the server is away, or does not answer
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

// LeaveTime is how long a receiver that leaves waits for a take that may bring its value.
const LeaveTime = 50 * time.Millisecond

// part ends a wait whose context has ended. If a take for the receiver is in flight, it waits
// until that has settled, since the program may end next, and its client before that: what
// the take brings is returned. A server that does not reply within LeaveTime is not waited
// for; the loop requeues what its reply brings.
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

// dismiss takes a receiver out of its line, wherever that has moved, and reports whether it
// is out: else its value is there, or it has to wait for a take that is in flight.
func (w *Waiter) dismiss(l *loop, s Source, r *receiver) bool {
	out := false
	w.find(l, func(l *loop) (here bool) {
		here, out = l.dismiss(s, r)
		return here
	})
	return out
}

// find calls f with the loop where a receiver has begun to wait, and with the others, until it
// returns true: the receiver's line may have moved, and come back. It reports whether f did.
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

// hurry lets the next take decide about a receiver, wherever its line is.
func (w *Waiter) hurry(l *loop, s Source, r *receiver) {
	w.find(l, func(l *loop) bool { return l.hurry(s, r) })
}

// enter puts a receiver into the line of its source.
func (w *Waiter) enter(ctx context.Context, s Source, r *receiver) (*loop, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asked := time.Now()
	node, err := w.node(ctx, s.Values)
	switch {
	case err != nil && ctx.Err() != nil && time.Since(asked) > outage.Overdue: // a cluster was to name it
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

// GiveBack hands values that Receive brought and that are of no use to the
// next receiver, here or elsewhere. It does not wait.
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

// loop returns the loop of a node. The mutex is held, until somebody has
// entered it.
func (w *Waiter) loop(node *redis.Client) *loop {
	l := w.loops[node]
	if l == nil {
		l = newLoop(w, node)
		w.loops[node] = l
	}
	return l
}

// node returns the server of a key: nil where the client does not name it.
func (w *Waiter) node(ctx context.Context, key string) (*redis.Client, error) {
	node, err := w.hub.Node(ctx, key)
	return node, w.hub.Send.Explain(ctx, err)
}

// leave takes a receiver out of its line, wherever that has moved, and reports
// whether it was still waiting.
func (w *Waiter) leave(l *loop, s Source, r *receiver) bool {
	return w.find(l, func(l *loop) bool { return l.leave(s, r) })
}

// published reports whether wake-ups are published rather than pushed.
func (w *Waiter) published() bool { _, ok := w.hub.Client.(*redis.ClusterClient); return ok }

// Flag is how scripts are told about published.
func Flag(h *hub.Hub) string {
	if Of(h).published() {
		return "publish"
	}
	return ""
}

// spread reports whether the client has many servers, between which keys move.
func (w *Waiter) spread() bool { return w.hub.Slotted() }
