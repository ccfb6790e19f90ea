package wait

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// gone returns an error if the client is closed. It checks once in a period. The dedicated
// connection would not notice it.
func (l *loop) gone() error {
	if time.Since(l.checked) < period {
		return nil
	}
	l.checked = time.Now()
	l.rebalance()
	if c, ok := l.w.shared.Redis.(interface{ IsClosed() bool }); ok && c.IsClosed() {
		return l.w.shared.Send.Explain(context.Background(), redis.ErrClosed)
	}
	if l.node == nil {
		return nil
	}
	if err := send.Closed(l.node); err != nil {
		return l.w.shared.Send.Explain(context.Background(), err)
	}
	return nil
}

// rebalance moves queues whose key belongs to another shard of a ring now. No error reports that,
// since a shard accepts every key.
func (l *loop) rebalance() {
	ring, ok := l.w.shared.Redis.(*redis.Ring)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, q := range l.queues {
		if node, err := ring.GetShardClientForKey(key.values); err == nil && node != l.node && len(q.waiting) > 0 {
			l.depart(q, nil)
		}
	}
}

// trouble handles an error of the server, and reports whether to back off and go on. A
// permanent error ends the waits of all receivers.
func (l *loop) trouble(err error) bool {
	spread := l.w.spread()
	end := permanent(err) || errors.Is(err, redis.ErrClosed) && !spread
	if !end {
		l.disturbed(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		switch {
		case end:
			q.fail(err)
		case spread: // the node may have been removed
			l.depart(q, err)
		}
	}
	return !end
}
