package rpc

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

const many = 64 // results that leave in one pipeline with the read

// reader reads calls from the list.
type reader struct {
	line
	run   *run
	older bool // the server has no BLMPOP

	mu       sync.Mutex
	blocking bool // a read may block
	ended    bool // no other may begin
}

// calls waits for up to n calls, or for a moment, and delivers results before that. An
// error says whether calls may have been lost: then it is desir.ErrMaybeRan.
func (d *reader) calls(n int, results []*outgoing) ([]string, error) {
	ctx := context.Background()
	client, err := d.client(ctx)
	if err != nil || !d.begin() {
		for _, o := range results {
			o.send(false)
		}
		return nil, err
	}
	along := d.along(ctx, results)
	calls, err := d.pop(ctx, client, n, along)
	d.mu.Lock()
	d.blocking = false
	d.mu.Unlock()
	for _, a := range along {
		a.delivered(a.cmd.Err())
	}
	if !d.older && errors.Is(err, desir.ErrNotSupported) {
		d.older = true
		return nil, nil
	}
	return calls, err
}

// rider is results that are delivered over the reader's connection.
type rider struct {
	*outgoing
	cmd redis.Cmder
}

// delivered looks at what became of the results. After an error they go the way of others.
func (a rider) delivered(err error) {
	if err == nil || errors.Is(err, redis.Nil) {
		a.outgoing.delivered(nil, err)
		return
	}
	a.send(false)
}

// along makes the commands of the results whose inboxes are at the reader's node, and posts
// the others.
func (d *reader) along(ctx context.Context, results []*outgoing) (along []rider) {
	for _, o := range results {
		if d.own != nil {
			if node, err := d.hub.Node(ctx, o.inbox); err == nil && node == d.node {
				along = append(along, rider{o, o.command(ctx)})
				continue
			}
		}
		o.send(false)
	}
	return along
}

// write sends a command that pops, after the results. The error is its own.
//
// A few results go first, and the command when they have arrived: else the server lets this
// reader wait before it tells the client of its results, and the calls that the client
// makes then come in more reads. Many leave in one pipeline with it.
func (d *reader) write(ctx context.Context, client redis.UniversalClient, along []rider, pop redis.Cmder) error {
	if len(along) == 0 {
		return d.hub.Send.WriteOn(ctx, client, pop)
	}
	cmds, results := make([]redis.Cmder, 0, len(along)+1), int64(0)
	for _, a := range along {
		cmds = append(cmds, a.cmd)
		results += a.n
	}
	if results < many {
		_ = d.hub.Send.WriteOn(ctx, client, cmds...) // each has its own
		return d.hub.Send.WriteOn(ctx, client, pop)
	}
	_ = d.hub.Send.WriteOn(ctx, client, append(cmds, pop)...)
	return d.hub.Send.ExplainSent(ctx, pop.Err())
}

func (d *reader) pop(ctx context.Context, client redis.UniversalClient, n int, along []rider) ([]string, error) {
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

// popOlder is pop for a server without BLMPOP: the first call blocks, and the others
// follow.
func (d *reader) popOlder(ctx context.Context, client redis.UniversalClient, n int, along []rider) ([]string, error) {
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
