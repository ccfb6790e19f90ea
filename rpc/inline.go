package rpc

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
)

const (
	maxTake    = 128                   // calls per read
	inlineTime = 50 * time.Microsecond // estimated total time of the calls that run inline
	tooLong    = time.Millisecond      // for an inline batch; then another goroutine reads on
	idleTime   = block / 2             // the server may have closed the connection after this
	maxKept    = 2 << 10               // bytes of a result that leaves with the next read
)

// estimate is how long a handler probably takes. A slower run raises the estimate at once, up
// to 1 ms. Each faster run lowers it by the cost of a goroutine, about 1 µs. So handlers
// that are sometimes slow run inline seldom enough. Concurrent updates may be lost.
type estimate struct{ ns atomic.Int64 }

// unknown sets a start value that is too slow to run inline.
func (e *estimate) unknown() { e.ns.Store(int64(2 * inlineTime)) }

func (e *estimate) time() time.Duration { return time.Duration(e.ns.Load()) }

func (e *estimate) saw(d time.Duration) {
	const goroutine = time.Microsecond
	e.ns.Store(int64(max(min(d, tooLong), e.time()-goroutine)))
}

// inlineBatch is the reading of calls by one goroutine. It runs calls with a short estimate
// itself, one after the other, because handing them to other goroutines costs more. Their
// results leave with its next read. If a batch takes too long, another goroutine takes
// over the reading and the remaining calls, and this one ends after its current call.
type inlineBatch struct {
	run     *run
	lasting <-chan error
	ended   chan<- ending
	trouble backoff.Backoff
	watch   *time.Timer // runs look while a batch runs

	// The lock guards these fields while a batch runs; otherwise the reading goroutine
	// owns them.
	mu      sync.Mutex
	lost    bool          // another goroutine has taken over
	running bool          // a batch runs
	since   time.Duration // when the batch began, as age of the server
	calls   []incoming    // the batch
	next    int           // index of the next call to run
	results []*outgoing   // results that leave with the next read
}

// ending is how the reading ended: with an error if it can never work, or with a panic of
// a hook.
type ending struct {
	err      error
	panicked any
}

func newInlineBatch(r *run, lasting <-chan error, ended chan<- ending) *inlineBatch {
	t := &inlineBatch{run: r, lasting: lasting, ended: ended, trouble: pauses.Start()}
	t.watch = time.AfterFunc(time.Hour, t.look)
	t.watch.Stop()
	return t
}

// take reads and dispatches calls until the worker has to end.
func (r *run) take(lasting <-chan error) error {
	defer r.read.close()
	ended := make(chan ending, 1)
	go newInlineBatch(r, lasting, ended).work()
	end := <-ended
	if end.panicked != nil {
		panic(end.panicked)
	}
	return end.err
}

// work is the loop of the reading goroutine.
func (t *inlineBatch) work() {
	reading, done := false, false
	defer func() {
		switch {
		case done:
		case reading: // a hook panics, or has ended the goroutine
			t.run.drop()
			t.ended <- ending{errGone, recover()}
		default: // a handler has ended the goroutine
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

var errGone = errors.New("a hook ended the goroutine that reads calls")

func (t *inlineBatch) isLost() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

// read reads calls once. It returns false when the worker has to end, with an error if
// reading can never work.
func (t *inlineBatch) read() (frames []string, more bool, err error) {
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
	if id == "" { // other workers have ended it
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
		t.trouble.Reset()
		r.reading.end(r.s, "reads calls again")
		return frames, true, nil
	}
	// Calls are there after a failed second step of a pop, or in a reply that was cut
	// off.
	for _, f := range frames {
		r.start(r.open(f))
	}
	more, err = t.fail(err)
	return nil, more, err
}

// waitForFree waits until a slot is free or the lease must be renewed.
func (t *inlineBatch) waitForFree(id string) {
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

// fail decides how to continue after a failed read. It returns false if reading can never
// work.
func (t *inlineBatch) fail(err error) (more bool, _ error) {
	r := t.run
	if permanent(err) {
		return false, err
	}
	r.reading.begin(r.s, "read calls", err)
	r.read.fail(err)
	if errors.Is(err, desir.ErrMaybeRan) {
		if ok, err := r.spoil(); !ok {
			return false, err
		}
	}
	t.trouble.WaitUntil(r.draining)
	return true, nil
}

// see starts goroutines for calls with a long estimate, and then runs the others inline.
func (t *inlineBatch) see(frames []string) {
	left := inlineTime
	for _, f := range frames {
		c := t.run.open(f)
		if d := c.estimate(); d <= left {
			left -= d
			t.calls = append(t.calls, c)
		} else {
			t.run.start(c)
		}
	}
	if len(t.calls) == 0 {
		if len(frames) > 0 {
			runtime.Gosched() // let handlers run first: short ones finish before the next read
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

// nextCall returns the next call of the batch; false if there is none or another
// goroutine has taken over.
func (t *inlineBatch) nextCall() (c incoming, ok bool) {
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
	c.inline = t
	t.next++
	return c, true
}

// keep holds a result back for the next read. It returns false if the result is too large
// or another goroutine has taken over.
func (t *inlineBatch) keep(c *incoming, r result) bool {
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

// look takes the reading away from the goroutine when its batch has run for too long.
func (t *inlineBatch) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running && t.run.s.age()-t.since >= tooLong { // else the timer belongs to an earlier batch
		t.hand()
	}
}

// hand lets another goroutine take over. t.mu must be held.
func (t *inlineBatch) hand() {
	if t.lost {
		return
	}
	next := newInlineBatch(t.run, t.lasting, t.ended)
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
