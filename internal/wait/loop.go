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
	period    = time.Second           // of one block, and between two looks at every line
	linger    = time.Second           // of a loop that nobody waits in
	minPause  = 50 * time.Millisecond // after trouble; doubles
	maxPause  = 2 * time.Second
	maxTake   = 512                    // values of one take
	rideAlong = 8                      // lines whose takes always travel with the block
	share     = 200 * time.Microsecond // of a line: how often all are looked at while some are busy
)

// TokenLife is how long a wake token stays where nobody waits.
const TokenLife = time.Minute

// loop waits at one server for all lines there. It runs while somebody waits.
type loop struct {
	w    *Waiter
	node *redis.Client // nil where the client does not name it
	bell bell
	kick chan struct{} // something has changed; holds one

	patience time.Duration // how long the connection may be silent while a reply is due
	watch    watchdog

	looked  time.Time // when every line was looked at; of the loop's goroutine
	checked time.Time // when the client was seen open; of the loop's goroutine

	due atomic.Int64 // when a reply is overdue, UnixNano; 0 while none is due

	mu      sync.Mutex
	last    error // of the server, if it does not serve receivers now
	lines   map[place]*line
	running bool
	retired bool // it was given up, and another one is in its place
}

// bell is how a loop is told that a line may have something.
type bell interface {
	// rest waits for at most a period until one of the lines may have
	// something, and returns those to look at; it may have settled takes already.
	rest(ctx context.Context, lines []*line) ([]*line, error)
	// client is what takes travel with.
	client() redis.Cmdable
	// stir ends a rest that does not know of the line, if there is one, or any
	// that has begun.
	stir(l *line, anyway bool)
	// close frees what the bell holds; it may ring again afterwards.
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

// enter adds receivers, values at hand for them, and what kept them from being served
// elsewhere, and starts the loop if it rests.
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
	ln.serve(held) // and what is at hand
	if !ln.taking && slices.ContainsFunc(rs, isLeaving) {
		ln.settled() // their take is another loop's, which requeues what it brings
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

// release takes a receiver out of its line, and notes what kept it from being served. The
// mutex is held.
func (l *loop) release(ln *line, r *receiver) bool {
	if !ln.leave(r) {
		return false
	}
	if r.trouble == nil {
		r.trouble = l.overdue()
	}
	return true
}

// dismiss takes a receiver that waits here out, or, while a take is in flight that may bring
// its value, lets it stay until that has settled, and ends a rest before it. here reports that
// the receiver did wait here, out that it does not any more.
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

// hurry lets the next take decide about a receiver, and reports whether it
// waits here.
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

// ring makes a kick, unless there is one already.
func (l *loop) ring() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// run is the loop. It has no context: it ends a moment after the last receiver.
func (l *loop) run() {
	ctx := context.Background()
	pause, longest := minPause, maxPause
	if l.w.spread() {
		longest /= 4 // another node may have the slots by now
	}
	for {
		if l.over() {
			return
		}
		runtime.Gosched() // whoever was just served may be back for more
		l.tidy(ctx)       // first: what nobody wants any more was at the head
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

// plan returns the lines to look at right now and all where somebody waits.
// While some keep the loop busy the others have their turn now and then.
func (l *loop) plan() (now, all []*line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, ln := range l.lines {
		if len(ln.waiting) == 0 || ln.away {
			if len(ln.held) == 0 && !ln.away {
				delete(l.lines, key) // nothing of it is under way here
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

// idle waits for somebody to come and reports false when nobody did: then the
// loop has ended.
func (l *loop) idle() bool {
	wait := linger
	if l.w.shutting.Load() {
		wait = minPause / 10 // for what could not be requeued yet
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
		return true // it ends elsewhere
	}
	clear(l.lines)
	l.running = false
	l.bell.close()
	delete(l.w.loops, l.node)
	return false
}
