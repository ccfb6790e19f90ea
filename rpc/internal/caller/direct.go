package caller

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

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

// direct lets a lone caller read its result itself. Its call and the read leave in one
// write over the reader's connection, and no goroutine has to hand the result over. The
// reading goroutine offers that when its last reads returned one result each, for the
// only pending call. A goroutine reads again when anything but the caller's own result
// comes: a timeout, an error, the end of the call, or results of others.
type direct struct {
	inbox  *inbox
	reader *resultReader

	// The inbox's lock guards these fields.
	offered        bool // no goroutine reads, and the next caller may
	closeScheduled bool // closeIdle will run

	// The goroutine or caller that reads owns these fields.
	loneReads    int       // consecutive reads with one result
	releasedAt   time.Time // when the reader was released
	clientUsedAt time.Time // when a call last used the user's client
	store        resp.Command
	stored       []int64      // reply to store
	storing      *pendingCall // call that store stores, until the reply
	onStored     func(error)  // d.handleReply

	// The call whose caller reads, if there is one, and the connection for it.
	call atomic.Pointer[pendingCall]
	conn atomic.Pointer[resp.Conn]
}

func (d *direct) init(ib *inbox) {
	d.inbox, d.reader, d.onStored = ib, ib.reader, d.handleReply
	d.store.Decode = d.decodeStored
}

// offer lets the next caller read itself if the last ones were alone. The reader belongs
// to nobody then.
func (d *direct) offer() bool {
	d.inbox.mu.Lock()
	defer d.inbox.mu.Unlock()
	r := d.reader
	switch {
	case r.results == 1:
		d.loneReads++
	case r.entries > 0:
		d.loneReads = 0
	}
	if len(d.inbox.pending) > 0 || d.loneReads < loneReadsForDirect || !r.keyRefreshed || r.Conn == nil {
		return false
	}
	d.inbox.reading, d.offered, d.releasedAt = false, true, time.Now()
	if !d.closeScheduled {
		d.closeScheduled = true
		time.AfterFunc(idleReaderTime, d.closeIdle)
	}
	return true
}

// accept reports whether the caller of a new call must read. The inbox's lock is held.
func (d *direct) accept() (yes bool) {
	yes, d.offered = d.offered, false
	return yes
}

// closeIdle closes a reader that was not used for a while.
func (d *direct) closeIdle() {
	ib := d.inbox
	ib.mu.Lock()
	idle := d.offered && time.Since(d.releasedAt) >= idleReaderTime
	d.closeScheduled = d.offered && !idle
	if d.closeScheduled {
		time.AfterFunc(idleReaderTime, d.closeIdle)
	}
	if idle {
		ib.reading, d.offered = true, false
	}
	ib.mu.Unlock()
	if idle {
		ib.readResults()
	}
}

// run stores a call and reads its result on the caller's goroutine.
func (d *direct) run(ctx context.Context, p *pendingCall, q *wire.Request) {
	if !p.encode(ctx, q) || !d.storeAndRead(ctx, p) {
		go d.inbox.readResults()
	}
}

// storeAndRead reports whether the next caller may read itself, too. If the call cannot
// be stored over the reader's connection, it is stored the usual way.
func (d *direct) storeAndRead(ctx context.Context, p *pendingCall) bool {
	r := d.reader
	if !d.usable(ctx, p) {
		if len(p.done) == 0 {
			p.enqueue(ctx)
		}
		return false
	}
	cn := r.Conn
	d.conn.Store(cn)
	d.call.Store(p)
	if len(p.done) > 0 { // it ended before it could be interrupted
		d.call.Store(nil)
		return false
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, cn.Interrupt)
	}
	d.storing, d.stored = p, d.stored[:0]
	d.store.Args = append(d.store.Args[:0], "evalsha", lua.Call.Digest(r.Shared), "2",
		p.client.keys.Calls, p.client.keys.Alive, listLifeMillis, p.write.Value)
	n, err := r.sendAndRead(&d.store, d.onStored)
	stop()
	d.call.Store(nil)
	if err != nil && !errors.Is(err, resp.ErrInterrupted) {
		r.CloseAfter(err)
	}
	return err == nil && n > 0 && d.offer()
}

// usable reports whether a call can be stored over the reader's connection.
func (d *direct) usable(ctx context.Context, p *pendingCall) bool {
	r, now := d.reader, time.Now()
	if len(p.write.Value) > maxDirectFrame {
		return false
	}
	if now.Sub(d.clientUsedAt) > maxDirectTime { // the next one may
		d.clientUsedAt = now
		return false
	}
	if r.Conn == nil || !r.keyRefreshed || r.Expired() || now.Sub(d.releasedAt) > maxUnread {
		return false
	}
	node, err := r.Shared.Node(ctx, p.client.keys.Calls)
	if err == nil && r.Conn.OpenedFor(node) {
		return true
	}
	d.loneReads = -directRetryReads
	return false
}

// interrupt makes the caller of a call that has ended stop reading.
func (d *direct) interrupt(p *pendingCall) {
	if d.call.Load() == p { // or another call that uses p again, whose result a goroutine reads then
		d.conn.Load().Interrupt()
	}
}

// handleReply passes the reply to the store on to its call. If the server did not execute
// it, the call is stored the usual way, unless its caller has left.
func (d *direct) handleReply(err error) {
	p, n := d.storing, int64(0)
	d.storing = nil
	switch {
	case err != nil:
	case len(d.stored) != 2:
		err = send.WithClass(send.ErrMaybeRan, send.ErrBadReply)
	default:
		p.client.clock.Set(d.stored[1])
		n = storeOutcome(d.stored, 0)
	}
	if errors.Is(err, send.ErrUnavailable) && d.inbox.isPending(p.id, p) {
		go p.storeUnbatched() // a caller that leaves may access write
		return
	}
	p.finishStore(n, err)
}

func (d *direct) decodeStored(reply *resp.Reply) {
	for n := reply.List(); n > 0 && reply.Err() == nil; n-- {
		d.stored = append(d.stored, reply.Int())
	}
}
