package lease

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// passOn releases a lease by passing it on to a caller of this process. It reports whether
// the lease was there.
func (k *Keeper) passOn(ctx context.Context, h *held, c *caller, passes int) (found bool, err error) {
	id := k.ids.next()
	sent := time.Now()
	pause := pauses.Start()
	for {
		reply, err := passScript.Run(ctx, k.shared, h.req.Keys.all(),
			wait.WakeMode(k.shared), passes, h.record, k.ids.prefix,
			id, c.req.Weight, c.req.TTL.Milliseconds(), c.req.Owner)
		state, record, bad := parsePass(reply)
		if err == nil {
			err = bad
		}
		var l *Lease
		if err == nil && state == passed {
			l, err = k.newLease(c.ctx, c.req, record, sent, 0)
		}
		switch {
		case err == nil && state == passed:
			c.turn <- turn{lease: l}
			return true, nil
		case err == nil:
			k.lines.notPassed(c)
			return state == releasedOnly || !pause.Fresh(), nil
		case send.Permanent(err) || !time.Now().Before(sent.Add(h.req.TTL)):
			k.releaseCopies(h.req.Keys, id, k.clock.ToServer(sent.Add(c.req.TTL)))
			k.lines.notPassed(c)
			if send.Permanent(err) { // a release may be permitted
				return h.sendRelease(ctx, false)
			}
			return false, err
		}
		pause.Wait(ctx)
	}
}

// The states that the script pass returns.
const (
	releasedOnly = 1
	passed       = 2
)

func parsePass(reply any) (state int64, record string, err error) {
	parts, _ := reply.([]any)
	if len(parts) < 2 {
		return 0, "", badReply("it has too few parts")
	}
	state, _ = parts[0].(int64)
	if len(parts) > 2 {
		record, _ = parts[2].(string)
	}
	return state, record, nil
}
