package rpc

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir"
)

const (
	maxTake  = 128                   // calls of a read
	turnTime = 50 * time.Microsecond // of calls that run in the reader's turn, by what is usual
	stuck    = time.Millisecond      // after which a call that runs there loses the turn
	maxKept  = 2 << 10               // bytes of a result that leaves with the next read
)

// usual is how long a handler takes, as far as its last runs tell: what was slower counts
// at once, what was quicker little by little.
type usual struct{ ns atomic.Int64 }

// begin makes it slow until it is known.
func (u *usual) begin() { u.ns.Store(int64(stuck)) }

func (u *usual) time() time.Duration { return time.Duration(u.ns.Load()) }

func (u *usual) saw(d time.Duration) {
	if last := u.time(); d < last {
		d = last - (last-d)/8
	}
	u.ns.Store(int64(d))
}

// turn is the reading of calls by one goroutine. It runs calls that are usually quick by
// itself, one after the other, and their results leave with its next read: to hand them to
// other goroutines would cost more than they do. When one of them is slow after all, another
// goroutine reads on, and has what is left.
type turn struct {
	run     *run
	lasting <-chan error
	ended   chan<- error // how the reading has ended
	trouble patience
	watch   *time.Timer // of the calls that run here

	mu      sync.Mutex
	over    bool       // another goroutine reads
	running bool       // calls, here
	calls   []incoming // to be run here
	next    int        // of those
	begun   uint64     // how many have, ever
	seen    uint64     // begun, when watch looked last
	results []*outgoing
}

func newTurn(r *run, lasting <-chan error, ended chan<- error) *turn {
	t := &turn{run: r, lasting: lasting, ended: ended}
	t.watch = time.AfterFunc(stuck, t.look) // which finds nothing
	return t
}

// take reads calls and sees to them until the worker is to end.
func (r *run) take(lasting <-chan error) error {
	defer r.read.close()
	ended := make(chan error, 1)
	go newTurn(r, lasting, ended).work()
	return <-ended
}

// work is the life of a goroutine that reads.
func (t *turn) work() {
	over := false
	defer func() {
		if !over { // a handler has ended the goroutine
			t.mu.Lock()
			defer t.mu.Unlock()
			t.hand()
		}
	}()
	for t.has() {
		frames, more, err := t.read()
		if !more {
			over = true
			t.post()
			t.ended <- err
			return
		}
		t.see(frames)
	}
	over = true
	t.run.help()
}

func (t *turn) has() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.over
}

// read reads calls once. It reports false when the worker is to end, with the reason
// if it can never work.
func (t *turn) read() (frames []string, more bool, err error) {
	r := t.run
	select {
	case <-r.draining:
		return nil, false, nil
	case err := <-t.lasting:
		return nil, false, err
	default:
	}
	n := r.free.free()
	if n == 0 {
		t.post()
		select {
		case <-r.free.came:
		case <-r.draining:
		}
		return nil, true, nil
	}
	if r.read.outlived() {
		r.read.close()
	}
	frames, err = r.read.calls(min(n, maxTake), t.results)
	t.results = t.results[:0]
	if err == nil {
		t.trouble = patience{}
		return frames, true, nil
	}
	for _, f := range frames {
		r.start(r.open(f))
	}
	more, err = t.fail(err)
	return nil, more, err
}

// fail goes on after a read that failed, unless none can ever work.
func (t *turn) fail(err error) (more bool, _ error) {
	r := t.run
	if hopeless(err) {
		return false, err
	}
	if t.trouble.pause == 0 {
		r.s.settings.log.Warn("desir: a worker cannot read calls; it tries again", "service", r.s.h.Key, "error", err)
	}
	r.read.close()
	if errors.Is(err, desir.ErrMaybeRan) {
		if ok, err := r.spoil(); !ok {
			return false, err
		}
	}
	t.trouble.wait(r.draining)
	return true, nil
}

// post delivers the results that there are without a read.
func (t *turn) post() {
	for _, o := range t.results {
		o.send(false)
	}
	t.results = t.results[:0]
}

// see runs calls: those that are usually quick here, after the others have been started.
func (t *turn) see(frames []string) {
	left := turnTime
	for _, f := range frames {
		c := t.run.open(f)
		if d := c.usual(); d <= left {
			left -= d
			t.calls = append(t.calls, c)
		} else {
			t.run.start(c)
		}
	}
	if len(t.calls) == 0 {
		if len(frames) > 0 {
			runtime.Gosched() // handlers first: quick ones answer before the next read
		}
		return
	}
	t.mu.Lock()
	t.running = true
	t.mu.Unlock()
	t.watch.Reset(stuck)
	for {
		c, ok := t.begin()
		if !ok {
			break
		}
		t.run.handle(c)
	}
	t.watch.Stop()
}

// begin returns the next call to run here, unless there is none or the turn is over.
func (t *turn) begin() (c incoming, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return c, false
	}
	if t.next == len(t.calls) {
		t.running, t.next = false, 0
		clear(t.calls)
		t.calls = t.calls[:0]
		return c, false
	}
	c = t.calls[t.next]
	c.turn = t
	t.next++
	t.begun++
	return c, true
}

// keep has a result leave with the next read, unless that is no longer this goroutine's.
func (t *turn) keep(c *incoming, r result) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || len(r.body) > maxKept {
		return false
	}
	i := slices.IndexFunc(t.results, func(o *outgoing) bool { return o.of == c.request.inbox })
	if i < 0 {
		i = len(t.results)
		t.results = append(t.results, newOutgoing(c))
	}
	t.results[i].add(r)
	return true
}

// look takes the turn away when the same call has run since it looked last.
func (t *turn) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.running || t.over:
	case t.begun != t.seen:
		t.seen = t.begun
		t.watch.Reset(stuck)
	default:
		t.hand()
	}
}

// hand lets another goroutine read on. The lock is held.
func (t *turn) hand() {
	if t.over {
		return
	}
	next := newTurn(t.run, t.lasting, t.ended)
	next.results, next.trouble = t.results, t.trouble
	rest := t.calls[t.next:]
	t.over, t.results, t.calls, t.next = true, nil, nil, 0
	go func() {
		for _, c := range rest {
			next.run.start(c)
		}
		next.work()
	}()
}
