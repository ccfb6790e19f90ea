package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

// outageTracker records whether the server serves a receiver that sends its own commands.
type outageTracker struct {
	shared  *clients.Shared
	key     string
	sentAt  time.Time // when the pending request was sent; zero if none is pending
	lastErr error     // why the server did not serve the receiver last, or nil
}

// do calls f, which sends a command and waits for the reply. It logs an outage and its end.
func (t *outageTracker) do(ctx context.Context, what string, f func() error) error {
	t.sentAt = time.Now()
	err := f()
	switch {
	case err == nil:
		t.sentAt, t.lastErr = time.Time{}, nil
		if log := outage.Of(t.shared); !log.Quiet() {
			log.End(what, outage.Server(t.server()))
		}
	case send.Retryable(err) && !errors.Is(err, ctx.Err()):
		t.sentAt, t.lastErr = time.Time{}, err
		outage.Of(t.shared).Begin(what, outage.Server(t.server()), err)
	}
	return err
}

// server returns the server of the key, or nil if it is not known.
func (t *outageTracker) server() *redis.Client {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that the cluster's slot map is not loaded
	node, _ := t.shared.Node(ctx, t.key)
	return node
}

// ctxErr returns the receiver's error after its context has ended.
func (t *outageTracker) ctxErr(ctx context.Context) error {
	if t.lastErr == nil && !t.sentAt.IsZero() && time.Since(t.sentAt) > outage.Overdue {
		return outage.Ended(ctx, outage.ErrSilent)
	}
	return outage.Ended(ctx, t.lastErr)
}
