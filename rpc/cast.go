package rpc

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

// cast stores a call without waiting for a result.
func (c *Client) cast(ctx context.Context, method, signature string, body []byte, opts []CallOption) error {
	ib, err := c.sharedInbox()
	if err != nil {
		return err
	}
	settings := gatherCall(opts)
	return c.intercepted(ctx, method, &settings, func(ctx context.Context) error {
		for wait := newWorkerWait(settings.wait); ; {
			err := c.castOnce(ctx, ib, method, signature, body, settings.headers)
			if again, err := wait.retry(ctx, err); !again {
				return err
			}
		}
	})
}

// castOnce stores a call, without retries.
func (c *Client) castOnce(ctx context.Context, ib *inbox, method, signature string, body []byte, headers map[string]string) error {
	q, err := c.newRequest(ctx, ib, method, signature, body, headers)
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
		return send.WithClass(desir.ErrUnavailable, ctx.Err())
	}
	return send.WithClass(desir.ErrMaybeRan, ctx.Err())
}
