package lease

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/wait"
)

// Acquire acquires a lease, and waits until it is free. Callers of one process are served in
// their order.
func (k *Keeper) Acquire(ctx context.Context, r Request) (*Lease, error) {
	var due time.Time
	var tried int64
	if k.lines.empty(r.Keys.Leases) {
		l, refused, err := k.try(ctx, r, true)
		if l != nil || err != nil {
			return l, err
		}
		due, tried = time.Now().Add(refused.Due), refused.Millis
	}
	c := k.lines.join(ctx, r, tried)
	if len(c.turn) == 0 {
		due = time.Time{} // others come first
	}
	select {
	case t := <-c.turn:
		if t.lease != nil || t.err != nil {
			return t.lease, t.err
		}
		return k.waitAtServer(c, due)
	case <-ctx.Done():
		if k.lines.leave(c) {
			return nil, ctx.Err()
		}
		return k.leaveTurn(c)
	}
}

// leaveTime is how long a caller that leaves waits for a lease that is being passed on to it.
const leaveTime = 10 * time.Millisecond

// leaveTurn ends a call whose context has ended, and whose turn has come or is about to.
func (k *Keeper) leaveTurn(c *caller) (*Lease, error) {
	timer := time.NewTimer(leaveTime)
	defer timer.Stop()
	select {
	case t := <-c.turn:
		if t.lease != nil || t.err != nil {
			return t.lease, t.err
		}
		k.frontGaveUp(c.req)
	case <-timer.C:
		go func() { // the release that passes it on always ends
			switch t := <-c.turn; {
			case t.lease != nil:
				_ = t.lease.Release(context.Background()) // it ends by itself at the latest
			case t.err == nil:
				k.frontGaveUp(c.req)
			}
		}()
	}
	return nil, c.ctx.Err()
}

// waitAtServer waits for a lease at the server.
func (k *Keeper) waitAtServer(c *caller, due time.Time) (*Lease, error) {
	claim := &claimant{keeper: k, req: c.req, id: k.ids.next()}
	value, sent, err := wait.Of(k.shared).Claim(c.ctx, k.source(c.req), claim, due)
	if err != nil {
		claim.giveUp()
		k.frontGaveUp(c.req)
		return nil, err
	}
	copies := claim.accept(value)
	if time.Since(sent) > c.req.TTL/4 { // the request was sent before the block of the connection
		sent = k.renewNow(c.req, value, sent)
	}
	k.lines.frontLeft(c.req, true)
	l, err := k.newLease(c.ctx, c.req, value, sent, copies)
	if err != nil {
		k.lines.gone(c.req)
		claim.giveUp()
	}
	return l, err
}

// renewNow renews a lease that has just been acquired, and returns when the renewal was sent.
// If it fails, it returns the time sent: the lease then ends early by the local clock.
func (k *Keeper) renewNow(r Request, record string, sent time.Time) time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), r.TTL/2)
	defer cancel()
	now := time.Now()
	reply, err := renewScript.Run(ctx, k.shared, []string{r.Keys.Leases, r.Keys.Meta}, record, r.TTL.Milliseconds())
	if results, bad := parseRenewal(reply, 1); err == nil && bad == nil && results[1] == renewed {
		return now
	}
	return sent
}

// frontGaveUp records that the caller at the server has given up. If no other caller of this
// process waits, the server is told, so that it does not wake this process.
func (k *Keeper) frontGaveUp(r Request) {
	tried, last := k.lines.frontLeft(r, false)
	if !last {
		return
	}
	k.releases.Add(1)
	go func() {
		defer k.releases.Add(-1)
		_, _ = leaveScript.Run(context.Background(), k.shared, r.Keys.all(),
			wait.WakeMode(k.shared), k.ids.prefix, tried) // it is forgotten after 12 s at the latest
	}()
}

// source returns the source of a lock's leases. Requests for more than 1 have another one.
func (k *Keeper) source(r Request) wait.Source {
	if r.Weight > 1 && r.Keys.LargeWake != "" {
		return wait.NewClaims(k.ids.prefix, r.Keys.Leases, r.Keys.LargeWake, acquireScript, r.Keys.all()...)
	}
	return wait.NewClaims(k.ids.prefix, r.Keys.Leases, r.Keys.Wake, acquireScript, r.Keys.all()...)
}
