package worker

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const (
	maxCallsPerRead      = 128                   // calls per read
	maxInlineTime        = 50 * time.Microsecond // estimated total time of the calls that run inline
	inlineTimeout        = time.Millisecond      // for an inline batch; then another loop continues
	idleTime             = resp.BlockTime / 2    // the server may have closed the connection after this
	maxPiggybackedResult = 2 << 10               // bytes of a result that leaves with the next read
)

// estimate is how long a handler probably takes. A slower run raises the estimate at
// once, up to 1 ms. Each faster run lowers it by the cost of a goroutine, about 1 µs. So
// handlers that are sometimes slow run inline seldom enough. Concurrent updates may be
// lost.
type estimate struct{ ns atomic.Int64 }

// setUnknown sets a start value that is too slow to run inline.
func (e *estimate) setUnknown() { e.ns.Store(int64(2 * maxInlineTime)) }

func (e *estimate) time() time.Duration { return time.Duration(e.ns.Load()) }

func (e *estimate) observe(d time.Duration) {
	const goroutine = time.Microsecond
	e.ns.Store(int64(max(min(d, inlineTimeout), e.time()-goroutine)))
}

// callLoop reads calls on one goroutine. It runs calls with a short estimate inline, one
// after the other, because handing them to other goroutines costs more. Their results
// leave with its next read. If such a batch takes too long, another loop continues with
// the reading and the remaining calls, and this one ends after its current call.
type callLoop struct {
	run     *run
	fatal   <-chan error
	done    chan<- loopResult
	backoff backoff.Backoff
	timer   *time.Timer // runs checkTimeout while a batch runs

	// The lock guards these fields while a batch runs; otherwise the reading goroutine
	// owns them.
	mu           sync.Mutex
	handedOff    bool           // another loop continues
	batchRunning bool           // a batch runs
	batchStart   time.Duration  // when the batch began, as age of the server
	calls        []incomingCall // the batch
	next         int            // index of the next call to run
	results      []*resultBatch // results that leave with the next read
}

// loopResult is how the reading ended: with an error if it can never work, or with a
// panic of a hook.
type loopResult struct {
	err      error
	panicked any
}

func newCallLoop(r *run, fatal <-chan error, done chan<- loopResult) *callLoop {
	l := &callLoop{run: r, fatal: fatal, done: done, backoff: resp.Pauses.Start()}
	l.timer = time.AfterFunc(time.Hour, l.checkTimeout)
	l.timer.Stop()
	return l
}

// readCalls reads and dispatches calls until the worker has to end.
func (r *run) readCalls(fatal <-chan error) error {
	defer r.reader.Close()
	done := make(chan loopResult, 1)
	go newCallLoop(r, fatal, done).loop()
	res := <-done
	if res.panicked != nil {
		panic(res.panicked)
	}
	return res.err
}

// loop is the loop of the reading goroutine.
func (l *callLoop) loop() {
	reading, done := false, false
	defer func() {
		switch {
		case done:
		case reading: // a hook panics, or has ended the goroutine
			l.run.abandonIncarnation()
			l.done <- loopResult{errReaderEnded, recover()}
		default: // a handler has ended the goroutine
			l.mu.Lock()
			defer l.mu.Unlock()
			l.handOff()
		}
	}()
	for !l.isHandedOff() {
		reading = true
		frames, more, err := l.readOnce()
		reading = false
		if !more {
			sendAll(l.results)
			l.done <- loopResult{err: err}
			break
		}
		l.dispatch(frames)
	}
	done = true
}

var errReaderEnded = errors.New("a hook ended the goroutine that reads calls")

func (l *callLoop) isHandedOff() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.handedOff
}

// readOnce reads calls once. It returns false when the worker has to end, with an error
// if reading can never work.
func (l *callLoop) readOnce() (frames []string, more bool, err error) {
	r := l.run
	select {
	case <-r.draining:
		return nil, false, nil
	case err := <-l.fatal:
		return nil, false, err
	default:
	}
	results := l.results
	l.results = nil
	n := r.slots.available()
	id := r.incarnation()
	if n == 0 || id == "" {
		sendAll(results)
	}
	if id == "" { // other workers have ended it
		ok, err := r.beginIncarnation()
		return nil, ok, err
	}
	if r.reader.Expired() {
		r.reader.Close()
	}
	if n == 0 {
		l.waitForSlot(id)
		return nil, true, nil
	}
	frames, err = r.reader.pop(id, min(n, maxCallsPerRead), results)
	if err == nil {
		l.backoff.Reset()
		r.readOutage.noteSuccess(r.w, "reads calls again")
		return frames, true, nil
	}
	// Calls are there after a failed second step of a pop, or in a reply that was cut
	// off.
	for _, f := range frames {
		r.start(r.newIncoming(f))
	}
	more, err = l.backOff(err)
	return nil, more, err
}

// waitForSlot waits until a slot is free or the lease must be renewed.
func (l *callLoop) waitForSlot(id string) {
	r := l.run
	r.reader.keepLease(id)
	timer := time.NewTimer(max(readerRenewsAfter-r.sinceRenewal(), idleTime))
	defer timer.Stop()
	select {
	case <-r.slots.freed:
	case <-r.draining:
	case <-timer.C:
	}
}

// backOff decides how to continue after a failed read. It returns false if reading can
// never work.
func (l *callLoop) backOff(err error) (more bool, _ error) {
	r := l.run
	if send.Permanent(err) {
		return false, err
	}
	r.readOutage.logFailure(r.w, "read calls", err)
	r.reader.CloseAfter(err)
	if errors.Is(err, send.ErrMaybeRan) {
		if ok, err := r.replaceIncarnation(); !ok {
			return false, err
		}
	}
	l.backoff.WaitUntil(r.draining)
	return true, nil
}

// dispatch starts goroutines for calls with a long estimate, and then runs the others
// inline.
func (l *callLoop) dispatch(frames []string) {
	left := maxInlineTime
	for _, f := range frames {
		c := l.run.newIncoming(f)
		if d := c.estimate(); d <= left {
			left -= d
			l.calls = append(l.calls, c)
		} else {
			l.run.start(c)
		}
	}
	if len(l.calls) == 0 {
		if len(frames) > 0 {
			runtime.Gosched() // let handlers run first: short ones finish before the next read
		}
		return
	}
	l.mu.Lock()
	l.batchRunning, l.batchStart = true, l.run.w.age()
	l.mu.Unlock()
	l.timer.Reset(inlineTimeout)
	for c, ok := l.nextCall(); ok; c, ok = l.nextCall() {
		l.run.handle(c)
	}
	l.timer.Stop()
}

// nextCall returns the next call of the batch; false if there is none or another
// loop continues.
func (l *callLoop) nextCall() (c incomingCall, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handedOff {
		return c, false
	}
	if l.next == len(l.calls) {
		clear(l.calls)
		l.batchRunning, l.calls, l.next = false, l.calls[:0], 0
		return c, false
	}
	c = l.calls[l.next]
	c.inline = l
	l.next++
	return c, true
}

// piggyback holds a result back for the next read. It returns false if the result is too
// large or another loop continues.
func (l *callLoop) piggyback(c *incomingCall, r wire.Result) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handedOff || len(r.Body) > maxPiggybackedResult {
		return false
	}
	i := slices.IndexFunc(l.results, func(b *resultBatch) bool { return b.inboxName == c.request.Inbox })
	if i < 0 {
		i = len(l.results)
		l.results = append(l.results, newResultBatch(c))
	}
	l.results[i].add(r)
	return true
}

// checkTimeout hands the reading off when the batch has run for too long.
func (l *callLoop) checkTimeout() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.batchRunning && l.run.w.age()-l.batchStart >= inlineTimeout { // else the timer belongs to an earlier batch
		l.handOff()
	}
}

// handOff lets another goroutine continue with a new loop. l.mu must be held.
func (l *callLoop) handOff() {
	if l.handedOff {
		return
	}
	next := newCallLoop(l.run, l.fatal, l.done)
	next.results, next.backoff = l.results, l.backoff
	rest := l.calls[l.next:]
	l.handedOff, l.results, l.calls, l.next = true, nil, nil, 0
	go func() {
		for _, c := range rest {
			next.run.start(c)
		}
		next.loop()
	}()
}
