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
	args := []any{Flag(l.w.hub), TokenLife.Milliseconds(), ln.source.life.Milliseconds()}
	for _, v := range values {
		args = append(args, v)
	}
	_, err := ln.source.giveBack.Run(ctx, l.w.hub, ln.source.keys, args...)
	switch {
	case err == nil:
		return
	case errors.Is(err, send.ErrUnavailable) && !errors.Is(err, redis.ErrClosed):
		l.mu.Lock()
		ln.held, ln.after = append(values, ln.held...), time.Now().Add(minPause)
		ln.serve(nil)
		l.mu.Unlock()
	default:
		l.w.perhaps.Add(int64(len(values)))
		if log := l.w.log.Load(); log != nil {
			log.Error("desir: values that nobody wanted any more could not be given back",
				"key", ln.source.Values, "values", len(values), "error", err)
		}
	}
}
