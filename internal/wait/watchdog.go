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

	mu    sync.Mutex
	own   *conn.Client // the connection whose reply is due; nil while none is
	since time.Time    // when the request was sent
}

// begin records that a reply is due on own.
func (d *watchdog) begin(own *conn.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own, d.since = own, time.Now()
	if d.timer == nil {
		d.timer = time.AfterFunc(d.loop.patience, d.look)
		return
	}
	d.timer.Reset(d.loop.patience)
}

// end records that no reply is due.
func (d *watchdog) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own = nil
	d.timer.Stop()
}

func (d *watchdog) look() {
	d.mu.Lock()
	if d.own == nil {
		d.mu.Unlock()
		return
	}
	heard, open := d.own.LastRead()
	switch silent := time.Since(latest(heard, d.since)); {
	case !open: // go-redis limits the time of a handshake
		d.timer.Reset(d.loop.patience)
		d.mu.Unlock()
	case silent < d.loop.patience:
		d.timer.Reset(d.loop.patience - silent)
		d.mu.Unlock()
	default:
		d.mu.Unlock()
		d.loop.w.replace(d.loop)
	}
}

// cut closes the connection, if a reply is due on it.
func (d *watchdog) cut() {
	d.mu.Lock()
	own := d.own
	d.mu.Unlock()
	if own != nil {
		_ = own.Close()
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// replace retires a loop whose connection is silent. Its receivers move to a new loop with a
// new connection. Values that the old connection still delivers go to them, or are requeued.
func (w *Waiter) replace(l *loop) {
	if next := w.retire(l); next != nil {
		next.disturbed(outage.ErrSilent)
	}
}

// retire replaces a loop by a new one, and returns it. It returns nil if there is nothing to
// move to a new loop.
func (w *Waiter) retire(l *loop) (next *loop) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.loops[l.node] != l {
		return nil
	}
	delete(w.loops, l.node)
	w.retired = append(w.retired, l)
	var same []*loop
	for _, r := range w.retired {
		if r.node == l.node {
			same = append(same, r)
		}
	}
	if len(same) > maxRetired {
		go same[0].watch.cut() // the oldest one
	}
	l.mu.Lock()
	l.retired = true
	l.mu.Unlock()
	w.inherit(l)
	next = w.loops[l.node]
	if next == nil || !w.spread() {
		return next
	}
	if c, ok := w.shared.Redis.(*redis.ClusterClient); ok {
		c.ReloadState(context.Background())
	}
	next.mu.Lock()
	defer next.mu.Unlock()
	for _, q := range next.queues { // the slots may have moved to another node
		next.depart(q, nil)
	}
	return next
}

// inherit moves the receivers and buffered values of a retired loop to the loop that replaces it.
// The mutex of the waiter is held.
func (w *Waiter) inherit(l *loop) {
	type share struct {
		source   Source
		rs       []*receiver
		buffered []string
		trouble  error
	}
	var all []share
	l.mu.Lock()
	for _, q := range l.queues {
		if !q.moving && len(q.waiting)+len(q.buffered) > 0 {
			all = append(all, share{q.source, q.waiting, q.buffered, q.trouble})
			q.waiting, q.buffered = nil, nil
		}
	}
	l.mu.Unlock()
	for _, s := range all {
		w.loop(l.node).enter(s.source, s.rs, s.buffered, s.trouble)
	}
}

// over reports whether the loop was retired. If so, it ends the loop, since no reply is due any
// more.
func (l *loop) over() bool {
	l.mu.Lock()
	retired := l.retired
	l.mu.Unlock()
	if !retired {
		return false
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.inherit(l)
	l.w.retired = slices.DeleteFunc(l.w.retired, func(r *loop) bool { return r == l })
	l.waker.close()
	return true
}
