package wait

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// requeueAll requeues buffered values for which there is no receiver. Values that could not
// be sent stay buffered until the next call.
func (l *loop) requeueAll(ctx context.Context) {
	l.mu.Lock()
	var full []*waitQueue
	for _, q := range l.queues {
		if len(q.buffered) > 0 && len(q.waiting) == 0 && time.Now().After(q.requeueAfter) {
			full = append(full, q)
		}
	}
	l.mu.Unlock()
	for _, q := range full {
		l.requeue(ctx, q)
	}
}

// requeue requeues the buffered values of one queue. A receiver that arrives while the
// requeue is in flight does not get them directly.
func (l *loop) requeue(ctx context.Context, q *waitQueue) {
	l.mu.Lock()
	values := q.buffered
	q.buffered = nil
	l.mu.Unlock()
	if len(values) == 0 {
		return
	}
	if err := l.waiter.requeue(ctx, q.source, values); !send.Retryable(err) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queues[q.source.id()] != q { // it has moved
		go l.waiter.RequeueAsync(ctx, q.source, values)
		return
	}
	q.buffered, q.requeueAfter = append(values, q.buffered...), time.Now().Add(pauses.First)
	q.serve(nil)
}

// requeue requeues values at the head of their list. If the client is closed, requeue opens
// another one for this. Values that may be lost are counted and logged.
func (w *Waiter) requeue(ctx context.Context, s Source, values []string) error {
	err := w.requeueOn(ctx, w.shared, s, values)
	if errors.Is(err, redis.ErrClosed) {
		if shared := w.reopen(); shared != nil {
			defer func() { _ = shared.Redis.Close() }()
			err = w.requeueOn(ctx, shared, s, values)
		}
	}
	if err != nil && !send.Retryable(err) {
		w.reportLost(s, len(values), whyRequeue, err)
	}
	return err
}

func (w *Waiter) requeueOn(ctx context.Context, shared *clients.Shared, s Source, values []string) error {
	args := []any{WakeMode(shared), TokenTTL.Milliseconds(), s.ttl.Milliseconds()}
	for _, v := range values {
		args = append(args, v)
	}
	return guard(func() error {
		_, err := s.requeue.Run(ctx, shared, s.keys, args...)
		return err
	})
}

// reopen returns the state of a new client that replaces the closed one, or nil.
func (w *Waiter) reopen() *clients.Shared {
	again := conn.Reopen(w.shared.Redis)
	if again == nil {
		return nil
	}
	shared, _ := clients.Of(again) // fails only for a nil client
	shared.PlainLua.Store(w.shared.PlainLua.Load())
	return shared
}

// ReportLost counts and logs up to n values of a source that may be lost because the reply to
// a take was lost after its caller had left.
func (w *Waiter) ReportLost(s Source, n int, err error) { w.reportLost(s, n, whyTake, err) }

// reportLost counts up to n values of a source that may be lost, and logs them with
// [slog.Default].
func (w *Waiter) reportLost(s Source, n int, why string, err error) {
	w.shared.AddLost(int64(n))
	slog.Default().Error("desir: values may be lost: "+why, "key", oneline.Text(s.Values, oneline.Name), "at most", n, "error", err)
}

// The reasons why values may be lost.
const (
	whyTake    = "the reply to a take was cut"
	whyRequeue = "they could not be requeued"
)

// RequeueLate requeues values that arrived after their caller had left. It returns when that
// is done, or the values are reported as lost.
func (w *Waiter) RequeueLate(ctx context.Context, s Source, values []string) {
	background := context.WithoutCancel(ctx)
	for pause := pauses.Start(); len(values) > 0 && send.Retryable(w.requeue(background, s, values)); {
		pause.Wait(background)
	}
}
