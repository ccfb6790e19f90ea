package rpc

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

const (
	// Results from this number on leave in one pipeline with the read.
	manyResults = 64
	// Usual reply time below which few results are sent before the read.
	nearby = 300 * time.Microsecond
	// Reads with results in their pipeline after which the reply time is measured again.
	askAgain = 128
)

// reader reads calls from the list, and delivers results over the same connection.
type reader struct {
	blockingConn
	run   *run
	older bool // the server has no BLMPOP

	first       conn.Command // the command that blocks
	rest        conn.Command
	got         popped // replies to first and rest
	piggybacked piggybacked

	lease  conn.Command // renews the lease
	leased []any        // reply to it
	// When the renewal was last refused, as age of the server.
	failed time.Duration
	// When the connection was last known to be open.
	used time.Duration

	took  time.Duration // usual reply time for results
	blind int           // reads with results in their pipeline since the last measurement

	mu       sync.Mutex
	of       string // incarnation that the read belongs to
	poke     string // key that ends its read
	blocking bool   // a read may block
	ended    bool   // no further read may begin
}

func newReader(r *run) *reader {
	d := &reader{blockingConn: blockingConn{shared: r.shared, key: r.s.service.calls}, run: r}
	d.got.key = d.key
	d.first.Decode = d.got.take
	d.rest = conn.Command{KeyPos: 2, Decode: d.got.takeAll}
	d.lease = conn.Command{KeyPos: 3, Decode: d.takeLeased}
	return d
}

// pop waits for up to n calls, at most for the block time, and takes care of the results.
// If calls may have been lost, the error is desir.ErrMaybeRan.
//
// It takes calls for one incarnation. Its command lists the poke key of the incarnation
// first. When the incarnation ends, an element is put there. So this read takes no call
// after the end, even if it arrives late.
func (d *reader) pop(id string, n int, results []*outgoing) ([]string, error) {
	ctx := context.Background()
	if err := d.ready(ctx, id); err != nil || d.run.incarnation() != id || !d.begin(id) {
		post(results)
		return nil, err
	}
	along := d.along(ctx, results)
	defer along.post() // in any case
	calls, err := d.popFrom(ctx, n, along)
	d.used = d.run.s.age()
	d.mu.Lock()
	d.blocking = false
	ended := d.ended
	d.mu.Unlock()
	if err == nil && d.got.poked && !ended {
		d.run.forget(id)
	}
	if errors.Is(err, errSilent) && d.run.later(id, d.own, d.older) {
		d.own = nil // it belongs to the late read now
		return nil, nil
	}
	if !d.older && errors.Is(err, desir.ErrNotSupported) {
		d.older = true
		return nil, nil
	}
	return calls, err
}

// piggybacked holds results that are delivered over the reader's connection.
type piggybacked struct {
	results []*outgoing
	cmds    []*conn.Command
	n       int64 // number of results
}

// along picks the results whose inboxes are on the reader's node, and sends the others
// through the client.
func (d *reader) along(ctx context.Context, results []*outgoing) *piggybacked {
	a := &d.piggybacked
	a.results, a.cmds, a.n = a.results[:0], a.cmds[:0], 0
	for _, o := range results {
		if d.own != nil {
			if node, err := d.shared.Node(ctx, o.inbox); err == nil && node == d.node {
				a.results, a.cmds, a.n = append(a.results, o), append(a.cmds, o.command()), a.n+o.n
				continue
			}
		}
		o.send(false)
	}
	return a
}

// settle handles the outcome of the results. Those with an error are sent through the
// client.
func (a *piggybacked) settle() {
	for _, o := range a.results {
		switch {
		case o.direct.Err != nil:
			o.send(false)
		case o.direct.Null:
			o.delivered(nil, redis.Nil)
		default:
			o.delivered(nil, nil)
		}
	}
	a.forget()
}

// post sends the results that are not settled through the client.
func (a *piggybacked) post() {
	post(a.results)
	a.forget()
}

func (a *piggybacked) forget() {
	clear(a.results)
	a.results = a.results[:0]
}

// write sends the command that pops, and delivers the results. The error is the pop's.
//
// If the server is near, a few results are sent first, and the pop after their replies.
// Otherwise the server would block this reader before it wakes the client, and the
// client's next calls would arrive in more reads. Many results leave in one pipeline with
// the pop. So do all results if the server is far, because they would cost a round trip.
func (d *reader) write(ctx context.Context, along *piggybacked, pop *conn.Command) error {
	var riding []*conn.Command
	switch {
	case len(along.results) == 0:
	case d.apart(along.n):
		begun := time.Now()
		_ = d.do(ctx, along.cmds...) // each command has its own error
		d.answered(time.Since(begun))
		along.settle()
	default:
		d.blind++
		riding = along.cmds
	}
	if d.own == nil {
		_ = d.do(ctx, append(riding, pop)...)
	} else {
		d.doPatiently(ctx, riding, pop)
	}
	if len(riding) > 0 {
		along.settle()
	}
	return pop.Err
}

var errSilent = errors.New("the connection for reading calls is silent")

// doPatiently is do over the dedicated connection. The error of the pop is errSilent if
// its reply has not begun in time.
func (d *reader) doPatiently(ctx context.Context, riding []*conn.Command, pop *conn.Command) {
	sent := d.own.Send(append(riding, pop)...)
	for _, c := range riding {
		_ = d.own.Receive(c) // the command has the error
		c.Err = d.explain(ctx, c.Err, sent)
	}
	if sent && d.own.TimedOut() {
		pop.Null, pop.Err = false, send.WithClass(desir.ErrMaybeRan, errSilent)
		return
	}
	_ = d.own.Receive(pop)
	pop.Err = d.explain(ctx, pop.Err, sent)
}

// apart reports whether the results are sent before the pop.
func (d *reader) apart(results int64) bool {
	return results < manyResults && (d.took < nearby || d.blind >= askAgain)
}

// answered records a reply time. A shorter one counts at once. A longer one counts 1/16,
// since the machine may be busy.
func (d *reader) answered(took time.Duration) {
	d.blind = 0
	if took > d.took {
		took = d.took + (took-d.took)/16
	}
	d.took = took
}

// popFrom pops up to n calls. On a server without BLMPOP, one command blocks for the
// first call, and a second one pops the others.
func (d *reader) popFrom(ctx context.Context, n int, along *piggybacked) ([]string, error) {
	d.got.reset(d.older)
	if d.older {
		d.first.Args = append(d.first.Args[:0], "blpop", d.poke, d.key, blockSeconds)
		d.first.KeyPos = 1
	} else {
		d.first.Args = append(d.first.Args[:0], "blmpop", blockSeconds, "2", d.poke, d.key, "left", "count", strconv.Itoa(n))
		d.first.KeyPos = 3
	}
	err := d.write(ctx, along, &d.first)
	if err != nil || !d.older || len(d.got.calls) == 0 || n == 1 {
		return d.got.calls, err
	}
	d.rest.Args = append(d.rest.Args[:0], "lmpop", "2", d.poke, d.key, "left", "count", strconv.Itoa(n-1))
	if err = d.do(ctx, &d.rest); errors.Is(err, desir.ErrNotSupported) {
		err = nil // one call at a time
	}
	return d.got.calls, err
}

// begin marks that a read of the incarnation may block. It returns false if no read may
// begin.
func (d *reader) begin(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of != id {
		d.of, d.poke = id, d.run.s.service.poke(id)
	}
	d.blocking = !d.ended
	return d.blocking
}

// end ends a blocked read, and prevents further ones. If the poke fails, the read ends by
// timeout.
func (d *reader) end() {
	d.mu.Lock()
	d.ended = true
	blocking, poke := d.blocking, d.poke
	d.mu.Unlock()
	if blocking {
		ctx, cancel := context.WithTimeout(context.Background(), block)
		defer cancel()
		_ = d.shared.Sender.PushToken(ctx, d.shared.Redis, poke, pokeLife) // see the comment of end
	}
}
