package wait

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// tidy puts values that found nobody back to the head of their lists. What
// could not be sent stays at hand until the next time.
func (l *loop) tidy(ctx context.Context) {
	l.mu.Lock()
	var full []*line
	for _, ln := range l.lines {
		if len(ln.held) > 0 && len(ln.waiting) == 0 && time.Now().After(ln.after) {
			full = append(full, ln)
		}
	}
	l.mu.Unlock()
	for _, ln := range full {
		l.giveBack(ctx, ln)
	}
}

// giveBack puts the values at hand of one line back. Somebody who comes in
// between waits for the list.
func (l *loop) giveBack(ctx context.Context, ln *line) {
	l.mu.Lock()
	values := ln.held
	ln.held = nil
	l.mu.Unlock()
	if len(values) == 0 {
		return
	}
	if err := l.w.put(ctx, ln.source, values); !later(err) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines[ln.source.place()] != ln { // it has moved meanwhile
		go l.w.GiveBack(ctx, ln.source, values)
		return
	}
	ln.held, ln.after = append(values, ln.held...), time.Now().Add(minPause)
	ln.serve(nil)
}

// put puts values back to the head of their list. A client that is closed by now has a
// successor for that. If they may be lost that is counted and logged.
func (w *Waiter) put(ctx context.Context, s Source, values []string) error {
	err := w.putBy(ctx, w.hub, s, values)
	if errors.Is(err, redis.ErrClosed) {
		if h := w.reopen(); h != nil {
			defer func() { _ = h.Client.Close() }()
			err = w.putBy(ctx, h, s, values)
		}
	}
	if err != nil && !later(err) {
		w.lost(s, len(values), whyRequeue, err)
	}
	return err
}

func (w *Waiter) putBy(ctx context.Context, h *hub.Hub, s Source, values []string) error {
	args := []any{Flag(h), TokenLife.Milliseconds(), s.life.Milliseconds()}
	for _, v := range values {
		args = append(args, v)
	}
	return guard(func() error {
		_, err := s.giveBack.Run(ctx, h, s.keys, args...)
		return err
	})
}

// reopen returns the hub of a client in the place of one that was closed, or nil.
func (w *Waiter) reopen() *hub.Hub {
	again := link.Reopen(w.hub.Client)
	if again == nil {
		return nil
	}
	h, _ := hub.Of(again) // it is no nil
	h.PlainLua.Store(w.hub.PlainLua.Load())
	return h
}

// Lost counts and logs up to n values of a source that may be gone, since nobody knows what
// became of a take whose caller has left.
func (w *Waiter) Lost(s Source, n int, err error) { w.lost(s, n, whyTake, err) }

// lost counts and logs, by [slog.Default], up to n values of a source that may be gone.
func (w *Waiter) lost(s Source, n int, why string, err error) {
	w.hub.Lose(int64(n))
	slog.Default().Error("desir: values may be lost: "+why, "key", oneline.Text(s.Values, oneline.Name), "at most", n, "error", err)
}

// Why values may be lost.
const (
	whyTake    = "the reply to a take was cut"
	whyRequeue = "they could not be requeued"
)

// later reports whether what could not be sent can be sent again.
func later(err error) bool {
	return errors.Is(err, send.ErrUnavailable) && !errors.Is(err, redis.ErrClosed)
}

// returnTime is how long somebody who gives values back waits for that.
const returnTime = time.Second

// Return puts values that Receive brought and that are of no use back to the head of
// their list, in order, and waits for that. While the server cannot be reached the
// source's loop keeps them, and gives them back as soon as it can.
func (w *Waiter) Return(ctx context.Context, s Source, values []string) {
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnTime)
	defer cancel()
	if later(w.put(now, s, values)) {
		w.GiveBack(ctx, s, values)
	}
}
