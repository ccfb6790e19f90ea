package rpc

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

const maxTake = 128 // calls of a read

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
		if r.read.outlived() {
			r.read.close()
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

// reader reads calls from the list.
type reader struct {
	line
	run   *run
	older bool // the server has no BLMPOP

	mu       sync.Mutex
	blocking bool // a read may block
	ended    bool // no other may begin
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
	if d.older {
		return d.popOlder(ctx, client, n)
	}
	cmd := redis.NewKeyValuesCmd(ctx, "blmpop", block.Seconds(), 2, d.run.poke, d.key, "left", "count", n)
	cmd.SetFirstKeyPos(3)
	err := d.hub.Send.WriteOn(ctx, client, cmd)
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
func (d *reader) popOlder(ctx context.Context, client redis.UniversalClient, n int) ([]string, error) {
	first := redis.NewStringSliceCmd(ctx, "blpop", d.run.poke, d.key, block.Seconds())
	err := d.hub.Send.WriteOn(ctx, client, first)
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
