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

// requeue requeues buffered values for which there is no receiver. Values that could not be sent
// stay buffered until the next call.
func (l *loop) requeue(ctx context.Context) {
	l.mu.Lock()
	var full []*waitQueue
	for _, q := range l.queues {
		if len(q.buffered) > 0 && len(q.waiting) == 0 && time.Now().After(q.after) {
			full = append(full, q)
		}
	}
	l.mu.Unlock()
	for _, q := range full {
		l.giveBack(ctx, q)
	}
}

// giveBack requeues the buffered values of one queue. A receiver that enters while the requeue is
// in flight does not get them directly.
func (l *loop) giveBack(ctx context.Context, q *waitQueue) {
	l.mu.Lock()
	values := q.buffered
	q.buffered = nil
	l.mu.Unlock()
	if len(values) == 0 {
		return
	}
	if err := l.w.put(ctx, q.source, values); !retryable(err) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queues[q.source.place()] != q { // it has moved
		go l.w.GiveBack(ctx, q.source, values)
		return
	}
	q.buffered, q.after = append(values, q.buffered...), time.Now().Add(minPause)
	q.serve(nil)
}

// put requeues values at the head of their list. If the client is closed, put opens another
// one for this. Values that may be lost are counted and logged.
func (w *Waiter) put(ctx context.Context, s Source, values []string) error {
	err := w.putBy(ctx, w.shared, s, values)
	if errors.Is(err, redis.ErrClosed) {
		if h := w.reopen(); h != nil {
			defer func() { _ = h.Redis.Close() }()
			err = w.putBy(ctx, h, s, values)
		}
	}
	if err != nil && !retryable(err) {
		w.lost(s, len(values), whyRequeue, err)
	}
	return err
}

func (w *Waiter) putBy(ctx context.Context, h *clients.Shared, s Source, values []string) error {
	args := []any{Flag(h), TokenLife.Milliseconds(), s.life.Milliseconds()}
	for _, v := range values {
		args = append(args, v)
	}
	return guard(func() error {
		_, err := s.giveBack.Run(ctx, h, s.keys, args...)
		return err
	})
}

// reopen returns the state of a new client that replaces the closed one, or nil.
func (w *Waiter) reopen() *clients.Shared {
	again := conn.Reopen(w.shared.Redis)
	if again == nil {
		return nil
	}
	h, _ := clients.Of(again) // fails only for a nil client
	h.PlainLua.Store(w.shared.PlainLua.Load())
	return h
}

// Lost counts and logs up to n values of a source that may be lost because the reply to a take
// was lost after its caller had left.
func (w *Waiter) Lost(s Source, n int, err error) { w.lost(s, n, whyTake, err) }

// lost counts up to n values of a source that may be lost, and logs them with [slog.Default].
func (w *Waiter) lost(s Source, n int, why string, err error) {
	w.shared.AddLost(int64(n))
	slog.Default().Error("desir: values may be lost: "+why, "key", oneline.Text(s.Values, oneline.Name), "at most", n, "error", err)
}

// The reasons why values may be lost.
const (
	whyTake    = "the reply to a take was cut"
	whyRequeue = "they could not be requeued"
)

// retryable reports whether a failed requeue can be repeated.
func retryable(err error) bool {
	return errors.Is(err, send.ErrUnavailable) && !errors.Is(err, redis.ErrClosed)
}

// returnTime is how long Return waits for the server.
const returnTime = time.Second

// Return requeues unused values of Receive at the head of their list, in order, and waits
// until that is done. If the server cannot be reached, the source's loop keeps the values and
// requeues them as soon as it can.
func (w *Waiter) Return(ctx context.Context, s Source, values []string) {
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnTime)
	defer cancel()
	if retryable(w.put(now, s, values)) {
		w.GiveBack(ctx, s, values)
	}
}
