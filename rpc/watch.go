package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

var (
	errWorkerEnded = errors.New("a worker ended uncleanly; it may have had the call")
	errNoAnswer    = errors.New("no worker is alive, and the call is not in the list")
	errKept        = errors.New("no worker is alive, and the server refuses to remove the call from the list")
	errAway        = errors.New("cannot learn from the server whether workers are alive")
)

// watch checks the pending calls, every 5 s while there are any.
func (b *inbox) watch() {
	rdbs := b.rdbs()
	if rdbs == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkGap)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { _ = b.see(ctx) }) // the clients' checks report the same trouble
	for _, c := range rdbs {
		group.Go(func() { c.watch(ctx, b) })
	}
	group.Wait()
	b.after(checkGap, (*inbox).watch)
}

// clients returns the Clients with pending calls. If there are none, the watch ends.
func (b *inbox) rdbs() (all []*Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[*Client]bool{}
	for _, p := range b.pending {
		if !seen[p.client] {
			seen[p.client] = true
			all = append(all, p.client)
		}
	}
	b.watching = all != nil
	return all
}

// watch checks the calls of one Client.
func (c *Client) watch(ctx context.Context, b *inbox) {
	now, err := c.check(ctx, b.shared)
	if err != nil {
		c.failing.CompareAndSwap(0, time.Now().UnixNano())
		if time.Since(time.Unix(0, c.failing.Load())) > lease || permanent(err) {
			b.end(func(p *call) bool { return p.client == c }, send.WithClass(desir.ErrMaybeRan, away(err)))
		}
		return
	}
	c.failing.Store(0)
	b.end(func(p *call) bool {
		out := p.out.Load()
		return p.client == c && out != 0 && out <= now.lost
	}, send.WithClass(desir.ErrMaybeRan, errWorkerEnded))
	if now.workers == 0 {
		c.withdraw(ctx, b, now.now)
	}
	c.look(ctx, b, now.now)
}

// away returns the error of calls whose state could not be learned. It omits the class of
// err: that the check did not run is certain, that the calls did not run is not.
func away(err error) error {
	return fmt.Errorf("%w: %w", errAway, send.Cause(err))
}

const maxWithdraw = 128 // calls per script run

// withdraw removes calls from the list if no worker is alive and they do not wait for
// one.
func (c *Client) withdraw(ctx context.Context, b *inbox, now int64) {
	var all []waiting
	moment := time.Now()
	b.mu.Lock()
	for id, p := range b.pending {
		if out := p.out.Load(); p.client == c && out != 0 && !moment.Before(p.wait) {
			all = append(all, waiting{id, p, p.post.Value, now-out > lease.Milliseconds()})
		}
	}
	b.mu.Unlock()
	for some := range slices.Chunk(all, maxWithdraw) {
		if !c.withdrawSome(ctx, b, some) {
			return // the next check tries again
		}
	}
}

// waiting is a call that may be in the list, or was lost.
type waiting struct {
	id    uint64
	call  *call
	frame string
	old   bool // so old that a worker that has ended may have had it
}

func (c *Client) withdrawSome(ctx context.Context, b *inbox, some []waiting) bool {
	frames := make([]any, len(some))
	for i, w := range some {
		frames[i] = w.frame
	}
	answer, err := withdrawScript.Run(ctx, b.shared, []string{c.service.calls, c.service.workers}, frames...)
	if permanent(err) { // nothing would ever remove them
		for _, w := range some {
			b.fail(w.id, w.call, send.WithClass(desir.ErrMaybeRan, fmt.Errorf("%w: %w", errKept, send.Cause(err))))
		}
		return true
	}
	if err != nil {
		return false
	}
	there, err := numbers(answer, len(some))
	if err != nil {
		return false
	}
	for i, w := range some {
		switch {
		case there[i] > 0:
			b.fail(w.id, w.call, ErrNoWorkers)
		case there[i] == 0 && w.old:
			b.fail(w.id, w.call, send.WithClass(desir.ErrMaybeRan, errNoAnswer))
		}
	}
	return true
}
