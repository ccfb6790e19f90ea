package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// readResults reads results as long as calls are pending, and for a moment after that.
func (ib *inbox) readResults() {
	ctx := context.Background()
	r := ib.reader
	for retry := resp.Pauses.Start(); ; {
		var n int
		var err error
		if r.Expired() && len(r.inFlight) == 0 {
			r.Close()
		}
		if !r.keyRefreshed {
			err = ib.refreshKey(ctx)
			r.keyRefreshed = err == nil
		}
		if r.keyRefreshed {
			n, err = r.readEntries(ctx)
		}
		switch {
		case err != nil:
			r.CloseAfter(err)
			if send.Permanent(err) { // for example, the user has no permission to read
				ib.failWhere(func(*pendingCall) bool { return true }, send.WithClass(desir.ErrMaybeRan, fmt.Errorf("%w: %w", errUnreadable, send.Cause(err))))
			}
			retry.WaitUntil(nil)
		case n > 0:
			retry.Reset()
			if ib.allowDirect() {
				return
			}
			runtime.Gosched() // let the callers run first: their next calls then share a batch
			continue
		default:
			retry.Reset()
		}
		if ib.stopIfIdle() {
			return
		}
	}
}

var errUnreadable = errors.New("results cannot be read")

// stopIfIdle ends the reading if no call is pending.
func (ib *inbox) stopIfIdle() bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	ib.reading = len(ib.pending) > 0
	if !ib.reading {
		ib.reader.Close()
	}
	return !ib.reading
}

// Direct mode: a lone caller reads its result itself. Its call and the read leave in one
// write over the reader's connection, and no goroutine has to hand the result over. The
// reading goroutine permits it when its last reads returned one result each, for the only
// pending call. The goroutine resumes when anything but the caller's own result comes: a
// timeout, an error, the end of the call, or results of others.
const (
	loneReadsForDirect = 4           // lone reads after which a caller may read itself
	maxDirectTime      = time.Second // after this a call uses the user's client, which may be closed
	// A call is not sent over a connection that was unread for longer, because the server
	// may have closed it.
	maxUnread      = 5 * time.Millisecond
	maxDirectFrame = 4 << 10 // largest frame in bytes: one that the connection takes without blocking
	// Additional lone reads before the next attempt, if list and inbox are on different
	// nodes.
	directRetryReads = 1000
	idleReaderTime   = time.Second // after which an unused reader is closed
)

// allowDirect lets the next caller read itself if the last ones were alone.
func (ib *inbox) allowDirect() bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	r := ib.reader
	if len(ib.pending) > 0 || r.loneReads < loneReadsForDirect || !r.keyRefreshed || r.Conn == nil {
		return false
	}
	ib.reading, ib.directAllowed, r.releasedAt = false, true, time.Now()
	if !ib.closeScheduled {
		ib.closeScheduled = true
		time.AfterFunc(idleReaderTime, ib.closeIdle)
	}
	return true
}

// closeIdle closes a reader that was not used for a while.
func (ib *inbox) closeIdle() {
	ib.mu.Lock()
	idle := ib.directAllowed && time.Since(ib.reader.releasedAt) >= idleReaderTime
	ib.closeScheduled = ib.directAllowed && !idle
	if ib.closeScheduled {
		time.AfterFunc(idleReaderTime, ib.closeIdle)
	}
	if idle {
		ib.reading, ib.directAllowed = true, false
	}
	ib.mu.Unlock()
	if idle {
		ib.readResults()
	}
}

// callDirect stores a call and reads its result on the caller's goroutine.
func (ib *inbox) callDirect(ctx context.Context, p *pendingCall, q *wire.Request) {
	if !p.encode(ctx, q) {
		go ib.readResults()
		return
	}
	r := ib.reader
	if !ib.canCallDirect(ctx, p) {
		go ib.readResults()
		if len(p.done) == 0 {
			p.enqueue(ctx)
		}
		return
	}
	cn := r.Conn
	p.directConn.Store(cn)
	if len(p.done) > 0 { // it ended before it could be interrupted
		p.directConn.Store(nil)
		go ib.readResults()
		return
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, cn.Interrupt)
	}
	n, err := r.storeAndRead(p)
	stop()
	p.directConn.Store(nil)
	if err != nil && !errors.Is(err, resp.ErrInterrupted) {
		r.CloseAfter(err)
	}
	if err != nil || n == 0 || !ib.allowDirect() {
		go ib.readResults()
	}
}

// canCallDirect reports whether a call can be stored over the reader's connection.
func (ib *inbox) canCallDirect(ctx context.Context, p *pendingCall) bool {
	r, now := ib.reader, time.Now()
	if len(p.write.Value) > maxDirectFrame {
		return false
	}
	if now.Sub(r.clientUsedAt) > maxDirectTime { // the next one may
		r.clientUsedAt = now
		return false
	}
	if r.Conn == nil || !r.keyRefreshed || r.Expired() || now.Sub(r.releasedAt) > maxUnread {
		return false
	}
	node, err := ib.shared.Node(ctx, p.client.keys.Calls)
	if err == nil && r.Conn.OpenedFor(node) {
		return true
	}
	r.loneReads = -directRetryReads
	return false
}
