package lease

import (
	"sync"
	"time"
)

// claimant is a request for a lease that waits at the server.
type claimant struct {
	keeper *Keeper
	req    Request
	id     string

	mu      sync.Mutex
	until   int64 // until when the last request may arrive
	copies  int64 // until when requests without a reply may arrive
	pending bool  // the last request has no reply
}

// Request implements [wait.Claimant].
func (c *claimant) Request() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until, c.pending = c.keeper.clock.ToServer(time.Now().Add(copyTime)), true
	return c.keeper.acquireArgs(c.req, c.id, c.until, c.copies, true, c.keeper.lines.others(c.req.Keys.Leases))
}

// Replied implements [wait.Claimant].
func (c *claimant) Replied(millis int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = false
	if millis > 0 {
		c.keeper.clock.Set(millis)
	}
}

// Lost implements [wait.Claimant].
func (c *claimant) Lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies, c.pending = max(c.copies, c.until), false
}

// Orphaned implements [wait.Claimant].
func (c *claimant) Orphaned(string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keeper.releaseCopies(c.req.Keys, c.id, max(c.copies, c.until))
}

// abandon releases what requests without a reply may have acquired, or may still acquire.
func (c *claimant) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending || c.copies > 0 {
		c.keeper.releaseCopies(c.req.Keys, c.id, max(c.copies, c.until))
	}
}
