package rpc

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
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

	took  time.Duration // what the answer to results usually takes
	blind int           // reads that took results along since

	mu       sync.Mutex
	blocking bool // a read may block
	ended    bool // no other may begin
}

// pop waits for up to n calls, or for a moment, and sees to it that the results are
// delivered. An error says whether calls may have been lost: then it is desir.ErrMaybeRan.
func (d *reader) pop(n int, results []*outgoing) ([]string, error) {
	ctx := context.Background()
	client, err := d.client(ctx)
	if err != nil || !d.begin() {
		post(results)
		return nil, err
	}
	along := d.along(ctx, results)
	defer along.post() // whatever happens
	calls, err := d.popFrom(ctx, client, n, along)
	d.mu.Lock()
	d.blocking = false
	d.mu.Unlock()
	if !d.older && errors.Is(err, desir.ErrNotSupported) {
		d.older = true
		return nil, nil
	}
	return calls, err
}

// riders is results that are delivered over the reader's connection, each with its
// command.
type riders struct {
	results []*outgoing
	cmds    []redis.Cmder
	n       int64 // results, in all
}

// along makes the commands of the results whose inboxes are at the reader's node, and posts
// the others.
func (d *reader) along(ctx context.Context, results []*outgoing) *riders {
	a := &riders{}
	for _, o := range results {
		if d.own != nil {
			if node, err := d.hub.Node(ctx, o.inbox); err == nil && node == d.node {
				a.results, a.cmds, a.n = append(a.results, o), append(a.cmds, o.command(ctx)), a.n+o.n
				continue
			}
		}
		o.send(false)
	}
	return a
}

// settle looks at what became of the results. What had another error than that its client
// is gone goes the way of other results.
func (a *riders) settle() {
	for i, o := range a.results {
		if err := a.cmds[i].Err(); err == nil || errors.Is(err, redis.Nil) {
			o.delivered(nil, err)
		} else {
			o.send(false)
		}
	}
	a.results = nil
}

// post delivers the results that are not settled as others.
func (a *riders) post() { post(a.results) }

// write sends a command that pops, and delivers the results. The error is the pop's.
//
// To a server nearby a few results go first, and the command when they have arrived: else
// the server lets this reader wait before it tells the client of its results, and the calls
// that the client makes then come in more reads. Many leave in one pipeline with it, and those
// to a server far away, which would cost a round trip.
func (d *reader) write(ctx context.Context, client redis.UniversalClient, along *riders, pop redis.Cmder) error {
	if len(along.results) == 0 {
		return d.hub.Send.WriteOn(ctx, client, pop)
	}
	if d.apart(along.n) {
		begun := time.Now()
		_ = d.hub.Send.WriteOn(ctx, client, along.cmds...) // each has its own
		d.answered(time.Since(begun))
		along.settle()
		return d.hub.Send.WriteOn(ctx, client, pop)
	}
	d.blind++
	_ = d.hub.Send.WriteOn(ctx, client, append(slices.Clip(along.cmds), pop)...)
	along.settle()
	return d.hub.Send.ExplainSent(ctx, pop.Err())
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

func (d *reader) popFrom(ctx context.Context, client redis.UniversalClient, n int, along *riders) ([]string, error) {
	if d.older {
		return d.popOlder(ctx, client, n, along)
	}
	cmd := redis.NewKeyValuesCmd(ctx, "blmpop", block.Seconds(), 2, d.run.poke, d.key, "left", "count", n)
	cmd.SetFirstKeyPos(3)
	err := d.write(ctx, client, along, cmd)
	key, calls := cmd.Val()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil || key != d.key:
		return nil, err
	}
	return calls, nil
}

// popOlder is popFrom for a server without BLMPOP: the first call blocks, and the others
// follow.
func (d *reader) popOlder(ctx context.Context, client redis.UniversalClient, n int, along *riders) ([]string, error) {
	first := redis.NewStringSliceCmd(ctx, "blpop", d.run.poke, d.key, block.Seconds())
	err := d.write(ctx, client, along, first)
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil || len(first.Val()) != 2 || first.Val()[0] != d.key:
		return nil, err
	}
	calls := first.Val()[1:]
	if n == 1 {
		return calls, nil
	}
	rest := redis.NewStringSliceCmd(ctx, "lpop", d.key, n-1)
	if err = d.hub.Send.WriteOn(ctx, client, rest); errors.Is(err, redis.Nil) {
		err = nil
	}
	return append(calls, rest.Val()...), err
}

// begin says that a read may block from now on, unless no other may begin.
func (d *reader) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blocking = !d.ended
	return d.blocking
}

// end ends a read that blocks, and lets no other begin. If the poke does not get
// through, the read ends by itself.
func (d *reader) end() {
	d.mu.Lock()
	d.ended = true
	blocking := d.blocking
	d.mu.Unlock()
	if blocking {
		ctx, cancel := context.WithTimeout(context.Background(), block)
		defer cancel()
		_ = d.hub.Send.Poke(ctx, d.hub.Client, d.run.poke, pokeLife) // as the comment says
	}
}
