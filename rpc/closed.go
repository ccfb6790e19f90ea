package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

const (
	closedGap = time.Second
	// A cluster client also closes nodes that left the cluster, so a node must be seen
	// closed this many times in a row.
	closedNodes = 3
)

// watchClient ends the worker when its redis client is closed. The dedicated connection
// for reading calls would keep working, but results could not be sent.
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
		if seen++; seen == closedNodes || !r.shared.Slotted() {
			tell(lasting, r.shared.Sender.Classify(context.Background(), err))
			return
		}
	}
}

// clientClosed returns go-redis' error if the client, or the node of the service, is
// closed.
func (r *run) clientClosed() error {
	ended, end := context.WithCancel(context.Background())
	end() // do not let a cluster client fetch its slot map
	node, err := r.shared.Node(ended, r.s.service.calls)
	switch {
	case errors.Is(err, redis.ErrClosed):
		return err
	case err != nil || node == nil:
		return nil
	default:
		return send.ErrIfClosed(node)
	}
}
