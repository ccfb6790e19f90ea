// Package caller makes calls to the workers of a service, and receives their results.
package caller

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/clock"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Config configures a client.
type Config struct {
	Handle *clients.Handle
	Prefix string      // of its inbox
	Codec  codec.Codec // nil: none
	// Served returns how many workers live, or an error if one does not write to the
	// inbox.
	Served func(context.Context) (workers int, err error)

	// Errors of calls that were not stored.
	NoWorkers, Overloaded error
}

// Client makes calls to a service.
type Client struct {
	Config
	keys   wire.Keys
	sealer *wire.Sealer // seals calls and opens results; nil: no codec
	clock  clock.Clock
	closed atomic.Bool

	stores, cancels *batch.Merger // batch stores and cancels of concurrent calls

	failingSince atomic.Int64 // when checks began to fail, in UnixNano; 0: the last check succeeded
	inbox        atomic.Pointer[inbox]
	checkGate    onceGate // lets one caller at a time run a check

	servedAt atomic.Int64 // when all workers were last known to write to the inbox, in UnixNano
	rejected atomic.Int64 // results rejected because they were not sealed for their calls
}

// New returns a client of the service whose list is the key of the handle.
func New(config Config) *Client {
	name := config.Handle.Key
	c := &Client{Config: config, keys: wire.KeysOf(name), sealer: wire.NewSealer(config.Codec, name), checkGate: newOnceGate()}
	c.stores, c.cancels = c.newStoreMerger(), c.newCancelMerger()
	return c
}

// Usable returns why no call can work, or nil.
func (c *Client) Usable() error {
	if c.closed.Load() {
		return send.ErrClosed
	}
	_, err := c.Handle.Shared()
	return err
}

// Close ends all pending calls with [send.ErrMaybeRan]. Later calls fail with [send.ErrClosed].
func (c *Client) Close() {
	if c.closed.Swap(true) {
		return
	}
	if ib := c.inbox.Load(); ib != nil {
		ib.failWhere(func(p *pendingCall) bool { return p.client == c }, send.WithClass(send.ErrMaybeRan, send.ErrClosed))
	}
}

// Forged returns how many results were rejected because they were not sealed for their
// calls.
func (c *Client) Forged() int64 { return c.rejected.Load() }

// sharedInbox returns the inbox that the Client shares with others of its redis client.
func (c *Client) sharedInbox() (*inbox, error) {
	if err := c.Usable(); err != nil {
		return nil, err
	}
	if ib := c.inbox.Load(); ib != nil {
		return ib, nil
	}
	h, err := c.Handle.Shared()
	if err != nil {
		return nil, err
	}
	ib := inboxOf(h, c.Prefix)
	c.inbox.Store(ib)
	return ib, nil
}

const servedLife = time.Minute

// checkInboxServed returns an error if results would not reach the inbox; the call did
// not run. Once a minute it asks whether all live workers write to inboxes with the
// client's prefix. With a prefix other than the default, it requires a live worker, since
// a worker that starts later may use another prefix.
func (c *Client) checkInboxServed(ctx context.Context) error {
	fresh := func() bool { return time.Since(time.Unix(0, c.servedAt.Load())) < servedLife }
	return c.checkGate.pass(ctx, fresh, func() error {
		workers, err := c.Served(ctx)
		if ended := ctx.Err(); err != nil && ended != nil {
			return send.WithClass(send.ErrUnavailable, ended)
		}
		if err != nil {
			return err
		}
		switch {
		case workers > 0:
			c.servedAt.Store(time.Now().UnixNano())
		case c.Prefix != "":
			return c.NoWorkers
		}
		return nil
	})
}

// checkResult is the result of a check.
type checkResult struct {
	workers    int64
	lostBefore int64 // calls stored until then without a result may be lost; server's clock, ms
	now        int64
}

// check asks how many workers live, which calls may be lost, and what the server's clock
// says. It writes nothing.
func (c *Client) check(ctx context.Context, h *clients.Shared) (checkResult, error) {
	reply, err := lua.Check.Run(ctx, h, []string{c.keys.Workers, c.keys.Ended})
	if err != nil {
		return checkResult{}, err
	}
	ints, err := lua.Ints(reply, 3)
	if err != nil {
		return checkResult{}, err
	}
	c.clock.Set(ints[0])
	return checkResult{now: ints[0], workers: ints[1], lostBefore: ints[2]}, nil
}

// ensureClock ensures that the server's clock is known.
func (c *Client) ensureClock(ctx context.Context, h *clients.Shared) error {
	return c.checkGate.pass(ctx, c.clock.Fresh, func() error {
		_, err := c.check(ctx, h)
		// The call did not run, even if it is unknown whether the check did.
		if ended := ctx.Err(); err != nil && ended != nil {
			return send.WithClass(send.ErrUnavailable, ended)
		}
		return err
	})
}
