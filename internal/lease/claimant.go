package lease

import (
	"sync"
	"time"
)

// claimant is a request for a lease that waits at the server. Its takes have one ID. A take
// whose connection was given up may still be executed, and its reply may still come.
type claimant struct {
	keeper *Keeper
	req    Request
	id     string

	mu       sync.Mutex
	until    int64    // until when the last request may arrive
	copies   int64    // until when requests without a reply may arrive
	pending  bool     // the last request has no reply
	accepted string   // the record that the caller has
	gaveUp   bool     // the caller has left without one
	orphans  []string // records that arrived elsewhere while the caller waits
}

// Request implements [wait.Claimant].
func (c *claimant) Request() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending { // another loop takes now, and the reply may still come
		c.copies = max(c.copies, c.until)
	}
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
		c.keeper.lines.tried(c.req.Keys.Leases, millis)
	}
}

// Lost implements [wait.Claimant].
func (c *claimant) Lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies, c.pending = max(c.copies, c.until), false
}

// Orphaned implements [wait.Claimant]. While the caller waits, the next take finds the lease.
// When the caller has it, or another one, it must not be released by the ID, which both have.
func (c *claimant) Orphaned(record string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies = max(c.copies, c.until)
	switch {
	case c.gaveUp:
		c.keeper.releaseCopies(c.req.Keys, c.id, c.copies)
	case c.accepted == "":
		c.orphans = append(c.orphans, record)
	case c.accepted != record:
		c.keeper.releaseRecord(c.req, record)
	}
}

// accept records that the caller has a lease, and returns until when requests without a reply
// may arrive.
func (c *claimant) accept(record string) (copies int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted = record
	for _, other := range c.orphans {
		if other != record {
			c.keeper.releaseRecord(c.req, other)
		}
	}
	if c.pending {
		c.copies = max(c.copies, c.until)
	}
	return c.copies
}

// giveUp releases what the requests have acquired, or may still acquire.
func (c *claimant) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gaveUp = true
	if c.pending || c.accepted != "" || c.orphans != nil {
		c.copies = max(c.copies, c.until)
	}
	c.keeper.releaseCopies(c.req.Keys, c.id, c.copies)
}
