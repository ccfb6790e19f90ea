package wait

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/desir-go/desir/internal/send"
)

// shut ends all receivers with ErrClosed, waits for their takes in flight, and requeues unused
// values. If ctx ends before that, the remaining values may be lost.
func (w *Waiter) shut(ctx context.Context) error {
	w.mu.Lock()
	w.shutting.Store(true)
	loops := slices.Collect(maps.Values(w.loops))
	ahead := slices.Collect(maps.Keys(w.ahead))
	w.mu.Unlock()
	for _, l := range loops {
		l.shut(send.ErrShut)
	}
	for _, a := range ahead {
		a.Return(ctx)
	}
	err := send.Await(ctx, func() bool { return w.pending() == 0 })
	if n := w.pending(); err != nil && n > 0 {
		return send.Fault(send.ErrMaybeRan, fmt.Errorf("%w: receivers that wait for a reply, or values to requeue: %d", err, n))
	}
	return nil
}

// pending returns the number of receivers, takes in flight and values to requeue.
func (w *Waiter) pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.ahead)
	for _, l := range w.loops {
		n += l.pending()
	}
	return n + len(w.retired) // each may still get a reply
}

func (l *loop) pending() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		if n += len(q.waiting) + len(q.buffered); q.taking {
			n++
		}
	}
	return n
}

// Ahead holds the prefetched values of a loop over a source.
type Ahead struct {
	w *Waiter
	s Source

	mu     sync.Mutex
	values []string
}

// Ahead returns an Ahead with values that were taken from a source.
func (w *Waiter) Ahead(s Source, values []string) *Ahead {
	a := &Ahead{w: w, s: s, values: values}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead[a] = struct{}{}
	return a
}

// Next returns the next value, if there is one.
func (a *Ahead) Next() (value string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.values) == 0 {
		return "", false
	}
	value, a.values = a.values[0], a.values[1:]
	if len(a.values) == 0 {
		a.drop()
	}
	return value, true
}

// Return requeues the remaining values at the head of the list, as [Waiter.Return] does.
func (a *Ahead) Return(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.values) > 0 {
		a.w.Return(ctx, a.s, a.values)
		a.values = nil
		a.drop()
	}
}

func (a *Ahead) drop() {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	delete(a.w.ahead, a)
}
