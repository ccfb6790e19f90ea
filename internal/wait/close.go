package wait

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/send"
)

// close ends all receivers with ErrClosed, waits for their takes in flight, and requeues
// unused values. If ctx ends before that, the remaining values may be lost.
func (w *Waiter) close(ctx context.Context) error {
	w.mu.Lock()
	w.closing.Store(true)
	loops := slices.Collect(maps.Values(w.loops))
	prefetched := slices.Collect(maps.Keys(w.prefetched))
	w.mu.Unlock()
	for _, l := range loops {
		l.endReceivers(send.ErrCloseCalled)
	}
	for _, p := range prefetched {
		p.Requeue(ctx)
	}
	err := send.PollUntil(ctx, func() bool { return w.pending() == 0 })
	if n := w.pending(); err != nil && n > 0 {
		return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: receivers that wait for a reply, or values to requeue: %d", err, n))
	}
	return nil
}

// pending returns the number of receivers, takes in flight and values to requeue.
func (w *Waiter) pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.prefetched)
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

// Prefetched holds the prefetched values of a loop over a source.
type Prefetched struct {
	waiter *Waiter
	source Source

	mu     sync.Mutex
	values []string
}

// Prefetched returns a Prefetched with values that were taken from a source.
func (w *Waiter) Prefetched(s Source, values []string) *Prefetched {
	p := &Prefetched{waiter: w, source: s, values: values}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.prefetched[p] = struct{}{}
	return p
}

// Next returns the next value, if there is one.
func (p *Prefetched) Next() (value string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.values) == 0 {
		return "", false
	}
	value, p.values = p.values[0], p.values[1:]
	if len(p.values) == 0 {
		p.unregister()
	}
	return value, true
}

// requeueTime is how long Requeue waits for the server.
const requeueTime = time.Second

// Requeue requeues the remaining values at the head of the list, in order, and waits up to
// requeueTime for that. If the server cannot be reached, the source's loop keeps the values and
// requeues them as soon as it can. The request itself has no limit: if it were abandoned while
// it waits for a connection, nobody would know whether the values were requeued.
func (p *Prefetched) Requeue(ctx context.Context) {
	p.mu.Lock()
	values := p.values
	p.values = nil
	p.mu.Unlock()
	if len(values) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.unregister()
		if send.Retryable(p.waiter.requeue(ctx, p.source, values)) {
			p.waiter.RequeueAsync(ctx, p.source, values)
		}
	}()
	timer := time.NewTimer(requeueTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

func (p *Prefetched) unregister() {
	p.waiter.mu.Lock()
	defer p.waiter.mu.Unlock()
	delete(p.waiter.prefetched, p)
}
