package wait

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/outage"
)

// maxRetired is how many retired loops of one server may wait for their replies.
const maxRetired = 4

// watchdog detects that the connection of a loop is silent while a reply is due. Another loop
// then replaces the loop. The old loop's goroutine keeps waiting for the reply, as long as
// that may bring values.
type watchdog struct {
	loop  *loop
	timer *time.Timer

	mu   sync.Mutex
	conn *conn.Client // the connection whose reply is due; nil while none is
	sent time.Time    // when the request was sent
}

// begin records that a reply is due on c.
func (d *watchdog) begin(c *conn.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn, d.sent = c, time.Now()
	if d.timer == nil {
		d.timer = time.AfterFunc(d.loop.maxSilence, d.check)
		return
	}
	d.timer.Reset(d.loop.maxSilence)
}

// end records that no reply is due.
func (d *watchdog) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn = nil
	d.timer.Stop()
}

func (d *watchdog) check() {
	d.mu.Lock()
	if d.conn == nil {
		d.mu.Unlock()
		return
	}
	lastByte, open := d.conn.LastRead()
	switch silent := min(time.Since(lastByte), time.Since(d.sent)); {
	case !open: // go-redis limits the time of a handshake
		d.timer.Reset(d.loop.maxSilence)
		d.mu.Unlock()
	case silent < d.loop.maxSilence:
		d.timer.Reset(d.loop.maxSilence - silent)
		d.mu.Unlock()
	default:
		d.mu.Unlock()
		d.loop.waiter.replace(d.loop)
	}
}

// closeConn closes the connection, if a reply is due on it.
func (d *watchdog) closeConn() {
	d.mu.Lock()
	c := d.conn
	d.mu.Unlock()
	if c != nil {
		_ = c.Close()
	}
}

// replace retires a loop whose connection is silent. Its receivers move to a new loop with a
// new connection. Values that the old connection still delivers go to them, or are requeued.
func (w *Waiter) replace(l *loop) {
	if next := w.retire(l); next != nil {
		next.recordError(outage.ErrSilent)
	}
}

// retire replaces a loop by a new one, and returns it. It returns nil if there is nothing to
// move to a new loop.
func (w *Waiter) retire(l *loop) (next *loop) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.loops[l.loopID] != l {
		return nil
	}
	delete(w.loops, l.loopID)
	w.retired = append(w.retired, l)
	var same []*loop
	for _, r := range w.retired {
		if r.loopID == l.loopID {
			same = append(same, r)
		}
	}
	if len(same) > maxRetired {
		go same[0].watch.closeConn() // the oldest one
	}
	l.mu.Lock()
	l.retired = true
	l.mu.Unlock()
	w.moveAll(l)
	next = w.loops[l.loopID]
	if next == nil || !w.slotted() {
		return next
	}
	if c, ok := w.shared.Redis.(*redis.ClusterClient); ok {
		c.ReloadState(context.Background())
	}
	next.mu.Lock()
	defer next.mu.Unlock()
	for _, q := range next.queues { // the slots may have moved to another node
		next.startMove(q, nil)
	}
	return next
}

// moveAll moves the receivers and buffered values of a retired loop to the loop that replaces
// it. The mutex of the waiter is held.
func (w *Waiter) moveAll(l *loop) {
	type content struct {
		source   Source
		rs       []*receiver
		buffered []string
		lastErr  error
	}
	var all []content
	l.mu.Lock()
	for _, q := range l.queues {
		if !q.moving && len(q.waiting)+len(q.buffered) > 0 {
			all = append(all, content{q.source, q.waiting, q.buffered, q.lastErr})
			q.waiting, q.buffered = nil, nil
		}
	}
	l.mu.Unlock()
	for _, s := range all {
		w.loop(l.loopID).enqueue(s.source, s.rs, s.buffered, s.lastErr)
	}
}

// endIfRetired reports whether the loop was retired. If so, it ends the loop, since no reply
// is due any more.
func (l *loop) endIfRetired() bool {
	l.mu.Lock()
	retired := l.retired
	l.mu.Unlock()
	if !retired {
		return false
	}
	l.waiter.mu.Lock()
	defer l.waiter.mu.Unlock()
	l.waiter.moveAll(l)
	l.waiter.retired = slices.DeleteFunc(l.waiter.retired, func(r *loop) bool { return r == l })
	l.waker.close()
	return true
}
