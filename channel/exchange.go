package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/outage"
)

// exchange is the request/reply state of one receiver that sends its own commands.
type exchange struct {
	shared  *clients.Shared
	key     string
	asked   time.Time // when the pending request was sent; zero if none is pending
	trouble error     // why the server did not serve the receiver last, or nil
}

// do calls f, which sends a command and waits for the reply. It logs an outage and its end.
func (x *exchange) do(ctx context.Context, what string, f func() error) error {
	x.asked = time.Now()
	err := f()
	switch {
	case err == nil:
		x.asked, x.trouble = time.Time{}, nil
		if log := outage.Of(x.shared); !log.Quiet() {
			log.End(what, outage.Server(x.node()))
		}
	case retryable(err) && !errors.Is(err, ctx.Err()):
		x.asked, x.trouble = time.Time{}, err
		outage.Of(x.shared).Begin(what, outage.Server(x.node()), err)
	}
	return err
}

// node returns the server of the key, or nil if it is not known.
func (x *exchange) node() *redis.Client {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that the cluster's slot map is not loaded
	node, _ := x.shared.Node(ctx, x.key)
	return node
}

// ended returns the receiver's error after its context has ended.
func (x *exchange) ended(ctx context.Context) error {
	if x.trouble == nil && !x.asked.IsZero() && time.Since(x.asked) > outage.Overdue {
		return outage.Ended(ctx, outage.ErrSilent)
	}
	return outage.Ended(ctx, x.trouble)
}
