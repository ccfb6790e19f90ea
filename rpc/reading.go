package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

// read reads results as long as calls are pending, and for a moment after that.
func (b *inbox) read() {
	ctx := context.Background()
	r := b.reader
	for p := (patience{}); ; {
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
			if hopeless(err) { // as for who may not read
				b.end(func(*call) bool { return true }, send.Fault(desir.ErrMaybeRan, fmt.Errorf("%w: %w", errUnreadable, send.Bare(err))))
			}
			p.wait(nil)
		case n > 0:
			p = patience{}
			if b.release() {
				return
			}
			runtime.Gosched() // the callers first: their next calls leave together
			continue
		default:
			p = patience{}
		}
		if b.rest() {
			return
		}
	}
}

var errUnreadable = errors.New("its result cannot be read")

// rest ends the reading if nothing is pending.
func (b *inbox) rest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = len(b.pending) > 0
	if !b.reading {
		b.reader.close()
	}
	return !b.reading
}

// A lone caller reads its result by itself: it leads. Its call leaves in one write with the
// read, over the reader's connection, and nobody hands the result over. A goroutine lets it,
// when its last reads have brought one result each, for which the only call was waiting; and
// reads on when something else comes than the caller's own result: time, an end of the
// call, or the results of others.
const (
	lonelyReads = 4                    // after which a caller may lead
	leadTime    = time.Second          // in which callers do, until one call goes by the user's client, which may be closed
	freshness   = 5 * time.Millisecond // of a connection that nobody has read, else the server may have closed it
	maxLed      = 4 << 10              // bytes of a frame: one that the connection takes at once
	seldom      = 1000                 // lone reads after which it is tried again where list and inbox are not on one node
	tidyTime    = time.Second          // after which a reader that nobody has used comes to rest
)

// release lets the next caller lead, if the last ones were alone.
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

// tidy lets a vacant reader come to rest when nobody has used it for a while.
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

// lead stores a call, and reads for it.
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
	if len(p.done) > 0 { // it was ended before it could be told
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
	if err != nil && !errors.Is(err, link.ErrInterrupted) {
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
	node, err := b.hub.Node(ctx, p.client.service.calls)
	if err == nil && node == r.node {
		return true
	}
	r.alone = -seldom
	return false
}
