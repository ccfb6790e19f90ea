package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/outage"
)

// exchange is what one receiver says to the server by itself, and why that did not serve it.
type exchange struct {
	hub     *hub.Hub
	key     string
	asked   time.Time // zero while no reply is due
	trouble error
}

// do calls f, which exchanges something with the server. An outage is logged.
func (x *exchange) do(ctx context.Context, what string, f func() error) error {
	x.asked = time.Now()
	err := f()
	switch {
	case err == nil:
		x.asked, x.trouble = time.Time{}, nil
		if log := outage.Of(x.hub); !log.Quiet() {
			log.End(what, outage.Server(x.node()))
		}
	case passes(err) && !errors.Is(err, ctx.Err()):
		x.asked, x.trouble = time.Time{}, err
		outage.Of(x.hub).Begin(what, outage.Server(x.node()), err)
	}
	return err
}

// node returns the server of the key, or nil where that is not known.
func (x *exchange) node() *redis.Client {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a cluster is not asked for its map
	node, _ := x.hub.Node(ctx, x.key)
	return node
}

// ended is the error of the receiver when its context has ended.
func (x *exchange) ended(ctx context.Context) error {
	if x.trouble == nil && !x.asked.IsZero() && time.Since(x.asked) > outage.Overdue {
		return outage.Ended(ctx, outage.ErrSilent)
	}
	return outage.Ended(ctx, x.trouble)
}
