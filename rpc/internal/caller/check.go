package caller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

var (
	errWorkerEnded  = errors.New("a worker ended uncleanly; it may have had the call")
	errNoWorkerLeft = errors.New("no worker is alive, and the call is not in the list")
	errNotRemoved   = errors.New("no worker is alive, and the server refuses to remove the call from the list")
	errStateUnknown = errors.New("cannot learn from the server whether workers are alive")
)

const checkInterval = 5 * time.Second // between two checks of the workers

// checkPending checks the pending calls, every 5 s while there are any.
func (ib *inbox) checkPending() {
	clients := ib.pendingClients()
	if clients == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkInterval)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { _ = ib.refreshKey(ctx) }) // the clients' checks report the same error
	for _, c := range clients {
		group.Go(func() { c.checkCalls(ctx, ib) })
	}
	group.Wait()
	ib.afterFunc(checkInterval, (*inbox).checkPending)
}

// pendingClients returns the Clients with pending calls. If there are none, the checks
// end.
func (ib *inbox) pendingClients() (all []*Client) {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	seen := map[*Client]bool{}
	for _, p := range ib.pending {
		if !seen[p.client] {
			seen[p.client] = true
			all = append(all, p.client)
		}
	}
	ib.checking = all != nil
	return all
}

// checkCalls checks the calls of one Client.
func (c *Client) checkCalls(ctx context.Context, ib *inbox) {
	state, err := c.check(ctx, ib.shared)
	if err != nil {
		c.failingSince.CompareAndSwap(0, time.Now().UnixNano())
		if time.Since(time.Unix(0, c.failingSince.Load())) > wire.LeaseTime || send.Permanent(err) {
			ib.failWhere(func(p *pendingCall) bool { return p.client == c }, send.WithClass(send.ErrMaybeRan, stateUnknown(err)))
		}
		return
	}
	c.failingSince.Store(0)
	ib.failWhere(func(p *pendingCall) bool {
		storedAt := p.storedAt.Load()
		return p.client == c && storedAt != 0 && storedAt <= state.lostBefore
	}, send.WithClass(send.ErrMaybeRan, errWorkerEnded))
	if state.workers == 0 {
		c.withdraw(ctx, ib, state.now)
	}
	c.checkLiveness(ctx, ib, state.now)
}

// stateUnknown returns the error of calls whose state could not be learned. It omits the
// class of err: that the check did not run is certain, that the calls did not run is not.
func stateUnknown(err error) error {
	return fmt.Errorf("%w: %w", errStateUnknown, send.Cause(err))
}

const maxPerScript = 128 // calls per script run

// withdraw removes calls from the list if no worker is alive and they do not wait for
// one.
func (c *Client) withdraw(ctx context.Context, ib *inbox, serverNow int64) {
	var all []queuedCall
	now := time.Now()
	ib.mu.Lock()
	for id, p := range ib.pending {
		if storedAt := p.storedAt.Load(); p.client == c && storedAt != 0 && !now.Before(p.waitUntil) {
			all = append(all, queuedCall{id, p, p.write.Value, serverNow-storedAt > wire.LeaseTime.Milliseconds()})
		}
	}
	ib.mu.Unlock()
	for chunk := range slices.Chunk(all, maxPerScript) {
		if !c.withdrawChunk(ctx, ib, chunk) {
			return // the next check tries again
		}
	}
}

// queuedCall is a call that may be in the list, or was lost.
type queuedCall struct {
	id    uint64
	call  *pendingCall
	frame string
	old   bool // so old that a worker that has ended may have had it
}

func (c *Client) withdrawChunk(ctx context.Context, ib *inbox, chunk []queuedCall) bool {
	frames := make([]any, len(chunk))
	for i, w := range chunk {
		frames[i] = w.frame
	}
	reply, err := lua.Withdraw.Run(ctx, ib.shared, []string{c.keys.Calls, c.keys.Workers}, frames...)
	if send.Permanent(err) { // nothing would ever remove them
		for _, w := range chunk {
			ib.fail(w.id, w.call, send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: %w", errNotRemoved, send.Cause(err))))
		}
		return true
	}
	if err != nil {
		return false
	}
	removed, err := lua.Ints(reply, len(chunk))
	if err != nil {
		return false
	}
	for i, w := range chunk {
		switch {
		case removed[i] > 0:
			ib.fail(w.id, w.call, c.NoWorkers)
		case removed[i] == 0 && w.old:
			ib.fail(w.id, w.call, send.WithClass(send.ErrMaybeRan, errNoWorkerLeft))
		}
	}
	return true
}
