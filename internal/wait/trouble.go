package wait

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
)

// gone reports, at times, that the client is closed: the connection of the
// loop's own would not notice.
func (l *loop) gone() error {
	if time.Since(l.checked) < period {
		return nil
	}
	l.checked = time.Now()
	l.stray()
	if c, ok := l.w.hub.Client.(interface{ IsClosed() bool }); ok && c.IsClosed() {
		return l.w.hub.Send.Explain(context.Background(), redis.ErrClosed)
	}
	if l.node == nil {
		return nil
	}
	if err := hub.Closed(l.node); err != nil {
		return l.w.hub.Send.Explain(context.Background(), err)
	}
	return nil
}

// stray lets lines go whose shard of a ring is another by now: nothing tells
// of that, since a shard answers for every key.
func (l *loop) stray() {
	ring, ok := l.w.hub.Client.(*redis.Ring)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, ln := range l.lines {
		if node, err := ring.GetShardClientForKey(key.values); err == nil && node != l.node && len(ln.waiting) > 0 {
			l.depart(ln, nil)
		}
	}
}

// trouble notes an error and reports whether to wait before going on. One that is not
// transient ends everybody's wait.
func (l *loop) trouble(err error) bool {
	spread := l.w.spread()
	end := lasting(err) || errors.Is(err, redis.ErrClosed) && !spread
	if !end {
		l.disturbed(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lines {
		switch {
		case end:
			ln.fail(err)
		case spread: // the node may be gone for good
			l.depart(ln, err)
		}
	}
	return !end
}
