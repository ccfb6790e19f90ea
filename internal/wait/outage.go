package wait

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// ctxErr returns the error of a receiver whose context has ended. It wraps the last reason why
// the server did not serve the receiver.
func (r *receiver) ctxErr(ctx context.Context) error { return outage.Ended(ctx, r.lastErr) }

// expectReply records that a reply is due after a block. An earlier due time is kept.
func (l *loop) expectReply(block time.Duration) {
	due := time.Now().Add(block + outage.Overdue).UnixNano()
	for old := l.replyDeadline.Load(); old == 0 || due < old; old = l.replyDeadline.Load() {
		if l.replyDeadline.CompareAndSwap(old, due) {
			return
		}
	}
}

// overdueErr returns ErrSilent if a reply is overdue.
func (l *loop) overdueErr() error {
	if due := l.replyDeadline.Load(); due != 0 && time.Now().UnixNano() > due {
		return outage.ErrSilent
	}
	return nil
}

// recordError records and logs a transient error of the server.
func (l *loop) recordError(err error) {
	if !l.waiter.closing.Load() {
		outage.Of(l.waiter.shared).Begin(outage.Receivers, outage.Server(l.node), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastErr = err
	for _, q := range l.queues {
		q.lastErr = err
	}
}

// recordSuccess records that the server has served all takes.
func (l *loop) recordSuccess() {
	outage.Of(l.waiter.shared).End(outage.Receivers, outage.Server(l.node))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastErr = nil
}
