package rpc

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

// cast stores a call without waiting for a result.
func (c *Client) cast(ctx context.Context, method, signature string, body []byte, opts []CallOption) error {
	box, err := c.box()
	if err != nil {
		return err
	}
	settings := gatherCall(opts)
	return c.intercepted(ctx, method, &settings, func(ctx context.Context) error {
		for t := waitUpTo(settings.wait); ; {
			err := c.castOnce(ctx, box, method, signature, body, settings.headers)
			if more, err := t.more(ctx, err); !more {
				return err
			}
		}
	})
}

// castOnce stores a call, without retries.
func (c *Client) castOnce(ctx context.Context, box *inbox, method, signature string, body []byte, headers map[string]string) error {
	q, err := c.request(ctx, box, method, signature, body, headers)
	if err != nil {
		return err
	}
	q.id = box.castID() // lets a worker recognize a second copy
	p := newCall(nil)
	p.client = c
	p.send(ctx, &q)
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if p.post.Cancel() {
		return send.WithClass(desir.ErrUnavailable, ctx.Err())
	}
	return send.WithClass(desir.ErrMaybeRan, ctx.Err())
}
