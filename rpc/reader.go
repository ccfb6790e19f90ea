package rpc

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

const (
	manyResults = 64                     // that leave in one pipeline with the read
	nearby      = 300 * time.Microsecond // what an answer usually takes at most, of a server for which few results do not
	askAgain    = 128                    // reads that take results along, until an answer is measured again
)

// reader reads calls from the list, and delivers results over the same connection.
type reader struct {
	line
	run   *run
	older bool // the server has no BLMPOP

	first  link.Command // blocks
	rest   link.Command
	got    popped // what these have brought
	riders riders

	lease  link.Command  // renews the lease
	leased []any         // the answer to that
	failed time.Duration // when it was refused last, by the age of the server
	used   time.Duration // when the connection was last known to be open

	took  time.Duration // what the answer to results usually takes
	blind int           // reads that took results along since

	mu       sync.Mutex
	of       string // the incarnation for which it reads
	poke     string // the key that ends the read: that incarnation's
	blocking bool   // a read may block
	ended    bool   // no other may begin
}

func newReader(r *run) *reader {
	d := &reader{line: line{hub: r.hub, key: r.s.service.calls}, run: r}
	d.got.key = d.key
	d.first.Take = d.got.take
	d.rest = link.Command{Key: 2, Take: d.got.takeAll}
	d.lease = link.Command{Key: 3, Take: d.takeLeased}
	return d
}

// pop waits for up to n calls, or for a moment, and sees to it that the results are
// delivered. An error says whether calls may have been lost: then it is desir.ErrMaybeRan.
//
// It takes calls for an incarnation, and names its poke first. The end of the incarnation
// puts something there, so this read takes no call after it, even if it arrives late.
func (d *reader) pop(id string, n int, results []*outgoing) ([]string, error) {
	ctx := context.Background()
	if err := d.ready(ctx, id); err != nil || d.run.incarnation() != id || !d.begin(id) {
		post(results)
		return nil, err
	}
	along := d.along(ctx, results)
	defer along.post() // whatever happens
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
		d.own = nil // it has an owner
		return nil, nil
	}
	if !d.older && errors.Is(err, desir.ErrNotSupported) {
		d.older = true
		return nil, nil
	}
	return calls, err
}

// riders is results that are delivered over the reader's connection.
type riders struct {
	results []*outgoing
	cmds    []*link.Command
	n       int64 // results, in all
}

// along picks the results whose inboxes are at the reader's node, and posts the others.
func (d *reader) along(ctx context.Context, results []*outgoing) *riders {
	a := &d.riders
	a.results, a.cmds, a.n = a.results[:0], a.cmds[:0], 0
	for _, o := range results {
		if d.own != nil {
			if node, err := d.hub.Node(ctx, o.inbox); err == nil && node == d.node {
				a.results, a.cmds, a.n = append(a.results, o), append(a.cmds, o.command()), a.n+o.n
				continue
			}
		}
		o.send(false)
	}
	return a
}

// settle looks at what became of the results. What had an error goes the way of other
// results.
func (a *riders) settle() {
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

// post delivers the results that are not settled as others.
func (a *riders) post() {
	post(a.results)
	a.forget()
}

func (a *riders) forget() {
	clear(a.results)
	a.results = a.results[:0]
}

// write sends a command that pops, and delivers the results. The error is the pop's.
//
// To a server nearby a few results go first, and the command when they have arrived: else
// the server lets this reader wait before it tells the client of its results, and the calls
// that the client makes then come in more reads. Many leave in one pipeline with it, and those
// to a server far away, which would cost a round trip.
func (d *reader) write(ctx context.Context, along *riders, pop *link.Command) error {
	var riding []*link.Command
	switch {
	case len(along.results) == 0:
	case d.apart(along.n):
		begun := time.Now()
		_ = d.do(ctx, along.cmds...) // each has its own
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

var errSilent = errors.New("the connection on which calls are read is silent")

// doPatiently is do over the connection, of which the command that pops has errSilent if its
// reply has not begun in time.
func (d *reader) doPatiently(ctx context.Context, riding []*link.Command, pop *link.Command) {
	sent := d.own.Send(append(riding, pop)...)
	for _, c := range riding {
		_ = d.own.Receive(c) // the command has it
		c.Err = d.explain(ctx, c.Err, sent)
	}
	if sent && d.own.Silent() {
		pop.Null, pop.Err = false, send.Fault(desir.ErrMaybeRan, errSilent)
		return
	}
	_ = d.own.Receive(pop)
	pop.Err = d.explain(ctx, pop.Err, sent)
}

// apart reports whether so many results go before the command that pops.
func (d *reader) apart(results int64) bool {
	return results < manyResults && (d.took < nearby || d.blind >= askAgain)
}

// answered notes what an answer took: a quick one counts at once, a slow one may be the fault of
// a busy machine.
func (d *reader) answered(took time.Duration) {
	d.blind = 0
	if took > d.took {
		took = d.took + (took-d.took)/16
	}
	d.took = took
}

// popFrom pops up to n calls. On a server without BLMPOP the first one blocks, and the others
// follow.
func (d *reader) popFrom(ctx context.Context, n int, along *riders) ([]string, error) {
	d.got.reset(d.older)
	if d.older {
		d.first.Words = append(d.first.Words[:0], "blpop", d.poke, d.key, blockSeconds)
		d.first.Key = 1
	} else {
		d.first.Words = append(d.first.Words[:0], "blmpop", blockSeconds, "2", d.poke, d.key, "left", "count", strconv.Itoa(n))
		d.first.Key = 3
	}
	err := d.write(ctx, along, &d.first)
	if err != nil || !d.older || len(d.got.calls) == 0 || n == 1 {
		return d.got.calls, err
	}
	d.rest.Words = append(d.rest.Words[:0], "lmpop", "2", d.poke, d.key, "left", "count", strconv.Itoa(n-1))
	if err = d.do(ctx, &d.rest); errors.Is(err, desir.ErrNotSupported) {
		err = nil // one call at a time
	}
	return d.got.calls, err
}

// begin says that a read of an incarnation may block from now on, unless no other may
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

// end ends a read that blocks, and lets no other begin. If the poke does not get
// through, the read ends by itself.
func (d *reader) end() {
	d.mu.Lock()
	d.ended = true
	blocking, poke := d.blocking, d.poke
	d.mu.Unlock()
	if blocking {
		ctx, cancel := context.WithTimeout(context.Background(), block)
		defer cancel()
		_ = d.hub.Send.Poke(ctx, d.hub.Client, poke, pokeLife) // as the comment says
	}
}
