package wait

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

const (
	period    = time.Second           // length of one block; time between takes of an idle line
	linger    = time.Second           // how long a loop without receivers keeps running
	minPause  = 50 * time.Millisecond // first backoff after an error; doubles
	maxPause  = 2 * time.Second       // longest backoff
	maxTake   = 512                   // values in one take
	rideAlong = 8                     // up to this many lines, all takes follow each block

	// While some lines are busy, all lines are looked at once in this time for each line.
	share = 200 * time.Microsecond
)

// TokenLife is the expiry of a wake token.
const TokenLife = time.Minute

// loop waits at one server for all lines of that server. It runs while there are receivers.
type loop struct {
	w    *Waiter
	node *redis.Client // nil if the client does not identify its servers
	bell bell
	kick chan struct{} // wakes the loop; holds one

	patience time.Duration // how long the connection may be silent while a reply is due
	watch    watchdog

	looked  time.Time // when all lines were last looked at; used by the loop's goroutine
	checked time.Time // when the client was last seen open; used by the loop's goroutine

	due atomic.Int64 // when the pending reply is overdue, UnixNano; 0 while none is pending

	mu      sync.Mutex
	last    error // why the server does not serve receivers now, or nil
	lines   map[place]*line
	running bool
	retired bool // another loop has replaced it
}

// bell waits until a line may have values.
type bell interface {
	// rest waits, for at most a period, until one of the lines may have values, and returns
	// the lines to look at. It may have settled takes already.
	rest(ctx context.Context, lines []*line) ([]*line, error)
	// client returns the client that sends the takes.
	client() redis.Cmdable
	// stir ends a running rest that does not wait for the line. With anyway it ends any.
	stir(l *line, anyway bool)
	// close frees the resources. The bell can be used again afterwards.
	close()
}

func newLoop(w *Waiter, node *redis.Client) *loop {
	l := &loop{w: w, node: node, kick: make(chan struct{}, 1), lines: map[place]*line{}}
	l.watch.loop = l
	if node != nil {
		l.patience = link.Patience(node, period+grace)
	}
	if w.published() {
		l.bell = newListener(l)
	} else {
		l.bell = newBlocker(l)
	}
	return l
}

// enter adds receivers, held values, and the trouble of their previous loop, and starts the
// loop if it is not running.
func (l *loop) enter(s Source, rs []*receiver, held []string, trouble error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lines[s.place()]
	if ln == nil {
		ln = &line{source: s, trouble: l.last}
		l.lines[s.place()] = ln
	}
	if ln.trouble == nil {
		ln.trouble = trouble
	}
	ln.waiting = append(ln.waiting, rs...)
	ln.serve(held) // together with ln.held
	if !ln.taking && slices.ContainsFunc(rs, isLeaving) {
		ln.settled() // their take is in another loop, which requeues its values
	}
	if len(ln.waiting) == 0 && len(ln.held) == 0 {
		return
	}
	ln.fresh = true
	l.ring()
	if !l.running {
		l.running = true
		go l.run()
		return
	}
	l.bell.stir(ln, false)
}

func (l *loop) leave(s Source, r *receiver) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lines[s.place()]
	return ln != nil && l.release(ln, r)
}

// release removes a receiver from its line, and records why it was not served. The mutex is
// held.
func (l *loop) release(ln *line, r *receiver) bool {
	if !ln.leave(r) {
		return false
	}
	if r.trouble == nil {
		r.trouble = l.overdue()
	}
	return true
}

// dismiss removes a receiver from its line. If a take for it is in flight, the receiver stays
// until the take has settled, and dismiss ends the block before that take. here reports
// whether the receiver was waiting in this loop, out whether it was removed.
func (l *loop) dismiss(s Source, r *receiver) (here, out bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lines[s.place()]
	if ln == nil || !slices.Contains(ln.waiting, r) {
		return false, false
	}
	if !ln.taking {
		return true, l.release(ln, r)
	}
	r.leaving, r.why = true, errLeft
	l.bell.stir(ln, true)
	return true, false
}

// shut ends the waits of all receivers with an error, and then the loop.
func (l *loop) shut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lines {
		ln.shut(err)
	}
	l.ring()
	l.bell.stir(nil, true)
}

// hurry makes a receiver's wait end with the next take, and reports whether it waits in this
// loop.
func (l *loop) hurry(s Source, r *receiver) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lines[s.place()]
	if ln == nil || !slices.Contains(ln.waiting, r) {
		return false
	}
	r.last, ln.fresh = true, true
	l.ring()
	l.bell.stir(ln, true)
	return true
}

// ring wakes the loop.
func (l *loop) ring() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// run is the goroutine of the loop. It ends shortly after the last receiver has left.
func (l *loop) run() {
	ctx := context.Background()
	pause, longest := minPause, maxPause
	if l.w.spread() {
		longest /= 4 // the slots may have moved to another node
	}
	for {
		if l.over() {
			return
		}
		runtime.Gosched() // receivers that were just served may enter again
		l.tidy(ctx)       // before any take, since held values belong at the head
		now, all := l.plan()
		if len(all) == 0 {
			if !l.idle() {
				return
			}
			continue
		}
		err := l.gone()
		switch {
		case err != nil:
		case len(now) > 0:
			err = l.look(ctx, now)
		default:
			now, err = l.bell.rest(ctx, all)
			l.freshen(now)
		}
		if err == nil {
			pause = minPause
			continue
		}
		if l.trouble(err) {
			send.Pause(ctx, pause)
			pause = min(2*pause, longest)
		}
	}
}

// plan returns the lines to look at now, and all lines with receivers. While some lines keep
// the loop busy, it returns all lines from time to time.
func (l *loop) plan() (now, all []*line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, ln := range l.lines {
		if len(ln.waiting) == 0 || ln.away {
			if len(ln.held) == 0 && !ln.away {
				delete(l.lines, key) // nothing of it is in flight
			}
			continue
		}
		all = append(all, ln)
		if ln.fresh {
			now = append(now, ln)
		}
	}
	if len(now) > 0 && time.Since(l.looked) >= min(period, time.Duration(len(all))*share) {
		now = all
	}
	if len(now) == len(all) {
		l.looked = time.Now()
	}
	return now, all
}

func (l *loop) freshen(lines []*line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range lines {
		ln.fresh = true
	}
}

// idle waits for a receiver. It reports false if none came; the loop has then ended.
func (l *loop) idle() bool {
	wait := linger
	if l.w.shutting.Load() {
		wait = minPause / 10 // held values may have to be requeued
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-l.kick:
		return true
	case <-timer.C:
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lines {
		if len(ln.waiting) > 0 || len(ln.held) > 0 {
			return true
		}
	}
	if l.retired {
		return true // over ends it
	}
	clear(l.lines)
	l.running = false
	l.bell.close()
	delete(l.w.loops, l.node)
	return false
}
