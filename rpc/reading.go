package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

// read reads results as long as calls are pending, and for a moment after that.
func (b *inbox) read() {
	ctx := context.Background()
	r := b.reader
	for p := pauses.Start(); ; {
		var n int
		var err error
		if r.outlived() && len(r.due) == 0 {
			r.close()
		}
		if !r.seen {
			err = b.see(ctx)
			r.seen = err == nil
		}
		if r.seen {
			n, err = r.wait(ctx)
		}
		switch {
		case err != nil:
			r.fail(err)
			if permanent(err) { // for example, the user has no permission to read
				b.end(func(*call) bool { return true }, send.WithClass(desir.ErrMaybeRan, fmt.Errorf("%w: %w", errUnreadable, send.Cause(err))))
			}
			p.WaitUntil(nil)
		case n > 0:
			p.Reset()
			if b.release() {
				return
			}
			runtime.Gosched() // let the callers run first: their next calls then share a batch
			continue
		default:
			p.Reset()
		}
		if b.rest() {
			return
		}
	}
}

var errUnreadable = errors.New("results cannot be read")

// rest ends the reading if no call is pending.
func (b *inbox) rest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = len(b.pending) > 0
	if !b.reading {
		b.reader.close()
	}
	return !b.reading
}

// Direct mode: a lone caller reads its result itself. Its call and the read leave in one
// write over the reader's connection, and no goroutine has to hand the result over. The
// reading goroutine permits it when its last reads returned one result each, for the only
// pending call. The goroutine resumes when anything but the caller's own result comes: a
// timeout, an error, the end of the call, or results of others.
const (
	lonelyReads = 4           // lone reads after which a caller may read itself
	leadTime    = time.Second // after this a call uses the user's client, which may be closed
	// A call is not sent over a connection that was unread for longer, because the server
	// may have closed it.
	freshness = 5 * time.Millisecond
	maxLed    = 4 << 10 // largest frame in bytes: one that the connection takes without blocking
	// Additional lone reads before the next attempt, if list and inbox are on different
	// nodes.
	seldom   = 1000
	tidyTime = time.Second // after which an unused reader is closed
)

// release lets the next caller read itself if the last ones were alone.
func (b *inbox) release() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.reader
	if len(b.pending) > 0 || r.alone < lonelyReads || !r.seen || r.own == nil {
		return false
	}
	b.reading, b.vacant, r.left = false, true, time.Now()
	if !b.tidying {
		b.tidying = true
		time.AfterFunc(tidyTime, b.tidy)
	}
	return true
}

// tidy closes a vacant reader that was not used for a while.
func (b *inbox) tidy() {
	b.mu.Lock()
	idle := b.vacant && time.Since(b.reader.left) >= tidyTime
	b.tidying = b.vacant && !idle
	if b.tidying {
		time.AfterFunc(tidyTime, b.tidy)
	}
	if idle {
		b.reading, b.vacant = true, false
	}
	b.mu.Unlock()
	if idle {
		b.read()
	}
}

// lead stores a call and reads its result on the caller's goroutine.
func (b *inbox) lead(ctx context.Context, p *call, q *request) {
	if !p.frame(ctx, q) {
		go b.read()
		return
	}
	r := b.reader
	if !b.leads(ctx, p) {
		go b.read()
		if len(p.done) == 0 {
			p.store(ctx)
		}
		return
	}
	own := r.own
	p.leads.Store(own)
	if len(p.done) > 0 { // it ended before it could be interrupted
		p.leads.Store(nil)
		go b.read()
		return
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, own.Interrupt)
	}
	n, err := r.lead(p)
	stop()
	p.leads.Store(nil)
	if err != nil && !errors.Is(err, conn.ErrInterrupted) {
		r.fail(err)
	}
	if err != nil || n == 0 || !b.release() {
		go b.read()
	}
}

// leads reports whether a call can be stored over the reader's connection.
func (b *inbox) leads(ctx context.Context, p *call) bool {
	r, now := b.reader, time.Now()
	if len(p.post.Value) > maxLed {
		return false
	}
	if now.Sub(r.led) > leadTime { // the next one may
		r.led = now
		return false
	}
	if r.own == nil || !r.seen || r.outlived() || now.Sub(r.left) > freshness {
		return false
	}
	node, err := b.shared.Node(ctx, p.client.service.calls)
	if err == nil && node == r.node {
		return true
	}
	r.alone = -seldom
	return false
}
