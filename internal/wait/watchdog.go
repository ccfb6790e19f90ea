package wait

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/outage"
)

// maxRetired is how many loops of one server that were given up may wait for their replies.
const maxRetired = 4

// watchdog looks whether the connection of a loop is silent while a reply is due. The loop's
// goroutine stays with that exchange then, for as long as it may still bring values, and
// another loop takes its place.
type watchdog struct {
	loop  *loop
	timer *time.Timer

	mu    sync.Mutex
	own   *link.Watched // whose reply is due; nil while none is
	since time.Time
}

// begin notes that a reply is due.
func (d *watchdog) begin(own *link.Watched) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own, d.since = own, time.Now()
	if d.timer == nil {
		d.timer = time.AfterFunc(d.loop.patience, d.look)
		return
	}
	d.timer.Reset(d.loop.patience)
}

// end notes that it came, or will not come.
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
	heard, open := d.own.Silent()
	switch silent := time.Since(latest(heard, d.since)); {
	case !open: // go-redis sees to a connection that is not greeted
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

// cut ends the exchange, if there is one.
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

// replace gives a loop up whose connection is silent: its receivers go on in a new loop, over
// a new connection. What the old one still brings goes to them, or to the head of its list.
func (w *Waiter) replace(l *loop) {
	if next := w.retire(l); next != nil {
		next.disturbed(outage.ErrSilent)
	}
}

// retire puts another loop in the place of one, and returns it, if anything waits there.
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
		go same[0].watch.cut() // it has waited longest
	}
	l.mu.Lock()
	l.retired = true
	l.mu.Unlock()
	w.inherit(l)
	next = w.loops[l.node]
	if next == nil || !w.spread() {
		return next
	}
	if c, ok := w.hub.Client.(*redis.ClusterClient); ok {
		c.ReloadState(context.Background())
	}
	next.mu.Lock()
	defer next.mu.Unlock()
	for _, ln := range next.lines { // another node may have the slots by now
		next.depart(ln, nil)
	}
	return next
}

// inherit brings what waits in a loop that was given up, and what is at hand there, to the one
// in its place. The mutex of the waiter is held.
func (w *Waiter) inherit(l *loop) {
	type share struct {
		source  Source
		rs      []*receiver
		held    []string
		trouble error
	}
	var all []share
	l.mu.Lock()
	for _, ln := range l.lines {
		if !ln.away && len(ln.waiting)+len(ln.held) > 0 {
			all = append(all, share{ln.source, ln.waiting, ln.held, ln.trouble})
			ln.waiting, ln.held = nil, nil
		}
	}
	l.mu.Unlock()
	for _, s := range all {
		w.loop(l.node).enter(s.source, s.rs, s.held, s.trouble)
	}
}

// over reports whether the loop was given up, and ends it then: its exchange is over.
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
	l.bell.close()
	return true
}
