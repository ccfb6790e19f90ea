package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
)

const (
	closedGap   = time.Second
	closedNodes = 3 // times that the node of a cluster has to be closed in a row: a cluster closes those that it drops
)

// watchClient ends a worker, by lasting, whose client is closed: the connection on which it
// takes calls goes on working, and the results of these calls could not leave.
func (r *run) watchClient(ended <-chan struct{}, lasting chan<- error) {
	tick := time.NewTicker(closedGap)
	defer tick.Stop()
	for seen := 0; ; {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		err := r.clientClosed()
		if err == nil {
			seen = 0
			continue
		}
		if seen++; seen == closedNodes || !r.hub.Slotted() {
			tell(lasting, r.hub.Send.Explain(context.Background(), err))
			return
		}
	}
}

// clientClosed returns go-redis' error if the client, or the node of the service, is closed.
func (r *run) clientClosed() error {
	ended, end := context.WithCancel(context.Background())
	end() // a cluster is not asked for its map
	node, err := r.hub.Node(ended, r.s.service.calls)
	switch {
	case errors.Is(err, redis.ErrClosed):
		return err
	case err != nil || node == nil:
		return nil
	default:
		return hub.Closed(node)
	}
}
