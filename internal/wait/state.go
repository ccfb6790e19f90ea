package wait

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// A server that does not serve receivers is logged, and the last reason is in the error of a
// receiver whose context ends.

// ended is the error of a receiver that has left.
func (r *receiver) ended(ctx context.Context) error { return outage.Ended(ctx, r.trouble) }

// expect notes that a reply is due after a block. One that is due sooner stays so.
func (l *loop) expect(block time.Duration) {
	due := time.Now().Add(block + outage.Overdue).UnixNano()
	for old := l.due.Load(); old == 0 || due < old; old = l.due.Load() {
		if l.due.CompareAndSwap(old, due) {
			return
		}
	}
}

// overdue returns an error if the server owes a reply for too long.
func (l *loop) overdue() error {
	if due := l.due.Load(); due != 0 && time.Now().UnixNano() > due {
		return outage.ErrSilent
	}
	return nil
}

// disturbed notes an error that receivers survive.
func (l *loop) disturbed(err error) {
	if !l.w.shutting.Load() {
		outage.Of(l.w.hub).Begin(outage.Receivers, outage.Server(l.node), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = err
	for _, ln := range l.lines {
		ln.trouble = err
	}
}

// served notes that the server has served all receivers that it was asked for.
func (l *loop) served() {
	outage.Of(l.w.hub).End(outage.Receivers, outage.Server(l.node))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = nil
}
