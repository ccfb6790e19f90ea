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
	turnTime = 50 * time.Microsecond // that calls usually take together which run in a turn
	tooLong  = time.Millisecond      // for a turn; then another goroutine reads on
	idleTime = block / 2             // after which the server may have closed the connection that reads, unseen
	maxKept  = 2 << 10               // bytes of a result that leaves with the next read
)

// usual is how long a handler takes, as far as its last runs tell: what was slower counts
// at once, and each run that was quicker takes back some of it, about what a goroutine for it
// costs. So a handler that is slow now and then, and then holds up the reader, does so seldom
// enough. Runs at the same time may overwrite each other's.
type usual struct{ ns atomic.Int64 }

// unknown makes it slow, for a start.
func (u *usual) unknown() { u.ns.Store(int64(2 * turnTime)) }

func (u *usual) time() time.Duration { return time.Duration(u.ns.Load()) }

func (u *usual) saw(d time.Duration) {
	const goroutine = time.Microsecond
	u.ns.Store(int64(max(min(d, tooLong), u.time()-goroutine)))
}

// turn is the reading of calls by one goroutine. It runs calls that are usually quick by
// itself, one after the other, and their results leave with its next read: to hand them to
// other goroutines would cost more than they do. When that takes too long after all, another
// goroutine gets the turn, with what is left of the calls, and this one ends with the call
// that it runs.
type turn struct {
	run     *run
	lasting <-chan error
	ended   chan<- ending
	trouble patience
	watch   *time.Timer // while calls run here

	// While calls run here the lock guards all of these; else they are the reader's own.
	mu      sync.Mutex
	lost    bool          // the turn is another goroutine's
	running bool          // calls run here
	since   time.Duration // when they began, in the life of the server
	calls   []incoming    // that run here
	next    int           // of those
	results []*outgoing   // that leave with the next read
}

// ending is how the reading has ended: with an error if it can never work, or with a
// panic of a hook.
type ending struct {
	err      error
	panicked any
}

func newTurn(r *run, lasting <-chan error, ended chan<- ending) *turn {
	t := &turn{run: r, lasting: lasting, ended: ended}
	t.watch = time.AfterFunc(time.Hour, t.look)
	t.watch.Stop()
	return t
}

// take reads calls and sees to them until the worker is to end.
func (r *run) take(lasting <-chan error) error {
	defer r.read.close()
	ended := make(chan ending, 1)
	go newTurn(r, lasting, ended).work()
	end := <-ended
	if end.panicked != nil {
		panic(end.panicked)
	}
	return end.err
}

// work is the life of a goroutine that reads.
func (t *turn) work() {
	reading, done := false, false
	defer func() {
		switch {
		case done:
		case reading: // a hook panics, or has ended the goroutine
			t.run.drop()
			t.ended <- ending{errGone, recover()}
		default: // a handler has ended it
			t.mu.Lock()
			defer t.mu.Unlock()
			t.hand()
		}
	}()
	for !t.isLost() {
		reading = true
		frames, more, err := t.read()
		reading = false
		if !more {
			post(t.results)
			t.ended <- ending{err: err}
			break
		}
		t.see(frames)
	}
	done = true
}

var errGone = errors.New("a hook ended the goroutine that was reading calls")

func (t *turn) isLost() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
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
	results := t.results
	t.results = nil
	n := r.free.free()
	id := r.incarnation()
	if n == 0 || id == "" {
		post(results)
	}
	if id == "" { // others have ended it
		ok, err := r.begin()
		return nil, ok, err
	}
	if r.read.outlived() {
		r.read.close()
	}
	if n == 0 {
		t.waitForFree(id)
		return nil, true, nil
	}
	frames, err = r.read.pop(id, min(n, maxTake), results)
	if err == nil {
		t.trouble = patience{}
		r.reading.end(r.s, "reads calls again")
		return frames, true, nil
	}
	for _, f := range frames { // of a pop in two steps, of which the second failed, or of half an answer
		r.start(r.open(f))
	}
	more, err = t.fail(err)
	return nil, more, err
}

// waitForFree waits until a handler is free, or the lease is to be renewed.
func (t *turn) waitForFree(id string) {
	r := t.run
	r.read.keep(id)
	timer := time.NewTimer(max(readerRenews-r.unrenewed(), idleTime))
	defer timer.Stop()
	select {
	case <-r.free.came:
	case <-r.draining:
	case <-timer.C:
	}
}

// fail goes on after a read that failed, unless none can ever work.
func (t *turn) fail(err error) (more bool, _ error) {
	r := t.run
	if hopeless(err) {
		return false, err
	}
	r.reading.begin(r.s, "read calls", err)
	r.read.fail(err)
	if errors.Is(err, desir.ErrMaybeRan) {
		if ok, err := r.spoil(); !ok {
			return false, err
		}
	}
	t.trouble.wait(r.draining)
	return true, nil
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
	t.running, t.since = true, t.run.s.age()
	t.mu.Unlock()
	t.watch.Reset(tooLong)
	for c, ok := t.nextCall(); ok; c, ok = t.nextCall() {
		t.run.handle(c)
	}
	t.watch.Stop()
}

// nextCall returns the next call to run here; false if there is none, or the turn is lost.
func (t *turn) nextCall() (c incoming, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost {
		return c, false
	}
	if t.next == len(t.calls) {
		clear(t.calls)
		t.running, t.calls, t.next = false, t.calls[:0], 0
		return c, false
	}
	c = t.calls[t.next]
	c.turn = t
	t.next++
	return c, true
}

// keep has a result leave with the next read, unless it is large or the turn is lost.
func (t *turn) keep(c *incoming, r result) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost || len(r.body) > maxKept {
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

// look takes the turn away when its calls have run for too long.
func (t *turn) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running && t.run.s.age()-t.since >= tooLong { // else it came too late, for a turn before
		t.hand()
	}
}

// hand lets another goroutine read on. The lock is held.
func (t *turn) hand() {
	if t.lost {
		return
	}
	next := newTurn(t.run, t.lasting, t.ended)
	next.results, next.trouble = t.results, t.trouble
	rest := t.calls[t.next:]
	t.lost, t.results, t.calls, t.next = true, nil, nil, 0
	go func() {
		for _, c := range rest {
			next.run.start(c)
		}
		next.work()
	}()
}
