package rpc

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
)

const (
	block   = time.Second     // of a read
	grace   = 2 * time.Second // what an answer may take beyond it
	maxTake = 128             // calls of a read
)

// take reads calls and starts them until the worker is to end.
func (r *run) take(lasting <-chan error) error {
	defer r.read.close()
	var p patience
	for {
		select {
		case <-r.draining:
			return nil
		case err := <-lasting:
			return err
		default:
		}
		n := r.free.free()
		if n == 0 {
			select {
			case <-r.free.came:
			case <-r.draining:
			}
			continue
		}
		calls, err := r.read.calls(min(n, maxTake))
		for _, c := range calls {
			r.start(c)
		}
		if len(calls) > 0 {
			runtime.Gosched() // handlers first: quick ones answer before the next read
		}
		switch {
		case err == nil:
			p = patience{}
			continue
		case hopeless(err):
			return err
		case p.pause == 0:
			r.s.settings.log.Warn("desir: a worker cannot read calls; it tries again", "service", r.s.h.Key, "error", err)
		}
		r.read.close()
		if errors.Is(err, desir.ErrMaybeRan) {
			if ok, err := r.spoil(); !ok {
				return err
			}
		}
		p.wait(r.draining)
	}
}

// reader reads calls from the list, on a connection of its own.
type reader struct {
	run   *run
	own   *redis.Client // nil while there is none
	older bool          // the server has no BLMPOP

	mu       sync.Mutex
	blocking bool // a read may block
	ended    bool // no other may begin
}

// client returns what reads go through: a client of the node that has the list now, or
// the user's where that is not known.
func (d *reader) client(ctx context.Context) (redis.UniversalClient, error) {
	if d.own != nil {
		return d.own, nil
	}
	node, err := d.run.hub.Node(ctx, d.run.s.service.calls)
	if err != nil {
		return nil, d.run.hub.Send.Explain(ctx, err)
	}
	if node == nil {
		return d.run.hub.Client, nil
	}
	d.own = hub.Alone(node, block+grace)
	return d.own, nil
}

func (d *reader) close() {
	if d.own != nil {
		_ = d.own.Close() // nothing is under way
		d.own = nil
	}
}

// calls waits for up to n calls, or for a moment. An error says whether calls may
// have been lost: then it is desir.ErrMaybeRan.
func (d *reader) calls(n int) ([]string, error) {
	ctx := context.Background()
	client, err := d.client(ctx)
	if err != nil {
		return nil, err
	}
	if !d.begin() {
		return nil, nil
	}
	calls, err := d.pop(ctx, client, n)
	d.mu.Lock()
	d.blocking = false
	d.mu.Unlock()
	if !d.older && errors.Is(err, desir.ErrNotSupported) {
		d.older = true
		return nil, nil
	}
	return calls, err
}

func (d *reader) pop(ctx context.Context, client redis.UniversalClient, n int) ([]string, error) {
	list := d.run.s.service.calls
	if d.older {
		return d.popOlder(ctx, client, n)
	}
	cmd := redis.NewKeyValuesCmd(ctx, "blmpop", block.Seconds(), 2, d.run.poke, list, "left", "count", n)
	cmd.SetFirstKeyPos(3)
	err := d.run.hub.Send.WriteOn(ctx, client, cmd)
	key, calls := cmd.Val()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil || key != list:
		return nil, err
	}
	return calls, nil
}

// popOlder is pop for a server without BLMPOP: the first call blocks, and the others
// follow.
func (d *reader) popOlder(ctx context.Context, client redis.UniversalClient, n int) ([]string, error) {
	list := d.run.s.service.calls
	first := redis.NewStringSliceCmd(ctx, "blpop", d.run.poke, list, block.Seconds())
	err := d.run.hub.Send.WriteOn(ctx, client, first)
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil || len(first.Val()) != 2 || first.Val()[0] != list:
		return nil, err
	}
	calls := first.Val()[1:]
	if n == 1 {
		return calls, nil
	}
	rest := redis.NewStringSliceCmd(ctx, "lpop", list, n-1)
	if err = d.run.hub.Send.WriteOn(ctx, client, rest); errors.Is(err, redis.Nil) {
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
		_ = d.run.hub.Send.Poke(ctx, d.run.hub.Client, d.run.poke, pokeLife) // as the comment says
	}
}
