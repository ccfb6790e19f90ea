package wait

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

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

// put puts values back to the head of their list. If they may be lost that is counted
// and told.
func (w *Waiter) put(ctx context.Context, s Source, values []string) error {
	args := []any{Flag(w.hub), TokenLife.Milliseconds(), s.life.Milliseconds()}
	for _, v := range values {
		args = append(args, v)
	}
	err := guard(func() error {
		_, err := s.giveBack.Run(ctx, w.hub, s.keys, args...)
		return err
	})
	if err == nil || later(err) {
		return err
	}
	w.perhaps.Add(int64(len(values)))
	if log := w.log.Load(); log != nil {
		log.Error("desir: values that nobody wanted any more could not be given back",
			"key", s.Values, "values", len(values), "error", err)
	}
	return err
}

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
