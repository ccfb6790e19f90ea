package wait

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// checkClient returns an error if the client is closed. It checks once in a period. The
// dedicated connection would not notice it.
func (l *loop) checkClient() error {
	if time.Since(l.clientChecked) < period {
		return nil
	}
	l.clientChecked = time.Now()
	l.rebalance()
	return l.closedErr()
}

// closedErr returns an error if the client is closed.
func (l *loop) closedErr() error {
	if c, ok := l.waiter.shared.Redis.(interface{ IsClosed() bool }); ok && c.IsClosed() {
		return l.waiter.shared.Sender.Classify(context.Background(), redis.ErrClosed)
	}
	if l.node == nil {
		return nil
	}
	if err := send.ErrIfClosed(l.node); err != nil {
		return l.waiter.shared.Sender.Classify(context.Background(), err)
	}
	return nil
}

// watchClient ends a block that is longer than a period soon after the client is closed.
func (l *loop) watchClient() (stop func()) {
	if l.period <= period {
		return func() {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var (
		stopped bool
		timer   *time.Timer
	)
	timer = time.AfterFunc(period, func() {
		closed := l.closedErr() != nil
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case stopped:
		case closed:
			l.notify()
			l.waker.interrupt(nil, true)
		default:
			timer.Reset(period)
		}
	})
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// rebalance moves queues whose key belongs to another shard of a ring now. No error reports
// that, since a shard accepts every key.
func (l *loop) rebalance() {
	ring, ok := l.waiter.shared.Redis.(*redis.Ring)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, q := range l.queues {
		if node, err := ring.GetShardClientForKey(key.values); err == nil && node != l.node && len(q.waiting) > 0 {
			l.startMove(q, nil)
		}
	}
}

// refused reports whether the server refuses a wait queue, which ends its waits. A closed
// client is not a refusal: a cluster client closes the clients of nodes that it drops.
// [loop.handleError] decides about it.
func refused(err error) bool { return send.Permanent(err) && !errors.Is(err, redis.ErrClosed) }

// handleError handles an error of the server, and reports whether to back off and go on. A
// permanent error ends the waits of all receivers.
func (l *loop) handleError(err error) bool {
	slotted := l.waiter.slotted()
	end := send.Permanent(err) && !(slotted && errors.Is(err, redis.ErrClosed))
	if !end {
		l.recordError(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		switch {
		case end:
			q.fail(err)
		case slotted: // the node may have been removed
			l.startMove(q, err)
		}
	}
	return !end
}
