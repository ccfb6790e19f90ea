package caller

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// Cast stores a call without waiting for a result.
func (c *Client) Cast(ctx context.Context, q *Call) error {
	ib, err := c.sharedInbox()
	if err != nil {
		return err
	}
	for wait := newWorkerWait(q.Wait); ; {
		err := c.castOnce(ctx, ib, q)
		if again, err := wait.retry(ctx, err, c.NoWorkers); !again {
			return err
		}
	}
}

// castOnce stores a call, without retries.
func (c *Client) castOnce(ctx context.Context, ib *inbox, call *Call) error {
	q, err := c.newRequest(ctx, ib, call)
	if err != nil {
		return err
	}
	q.ID = ib.castID() // lets a worker recognize a second copy
	p := newPendingCall(nil)
	p.client = c
	p.send(ctx, &q)
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if p.write.Cancel() {
		return send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	return send.WithClass(send.ErrMaybeRan, ctx.Err())
}
