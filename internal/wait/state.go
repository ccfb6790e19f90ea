package wait

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// ended returns the error of a receiver whose context has ended. It wraps the last reason why
// the server did not serve the receiver.
func (r *receiver) ended(ctx context.Context) error { return outage.Ended(ctx, r.trouble) }

// expect records that a reply is due after a block. An earlier due time is kept.
func (l *loop) expect(block time.Duration) {
	due := time.Now().Add(block + outage.Overdue).UnixNano()
	for old := l.due.Load(); old == 0 || due < old; old = l.due.Load() {
		if l.due.CompareAndSwap(old, due) {
			return
		}
	}
}

// overdue returns ErrSilent if a reply is overdue.
func (l *loop) overdue() error {
	if due := l.due.Load(); due != 0 && time.Now().UnixNano() > due {
		return outage.ErrSilent
	}
	return nil
}

// disturbed records and logs a transient error of the server.
func (l *loop) disturbed(err error) {
	if !l.w.shutting.Load() {
		outage.Of(l.w.shared).Begin(outage.Receivers, outage.Server(l.node), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = err
	for _, q := range l.queues {
		q.trouble = err
	}
}

// served records that the server has served all takes.
func (l *loop) served() {
	outage.Of(l.w.shared).End(outage.Receivers, outage.Server(l.node))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = nil
}
