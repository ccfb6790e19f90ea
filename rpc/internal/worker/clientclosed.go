package worker

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

const (
	closedInterval = time.Second
	// A cluster client also closes nodes that left the cluster, so a node must be seen
	// closed this many times in a row.
	closedChecks = 3
)

// watchClosed ends the worker when its redis client is closed. The dedicated connection
// for reading calls would keep working, but results could not be sent.
func (r *run) watchClosed(ended <-chan struct{}, fatal chan<- error) {
	tick := time.NewTicker(closedInterval)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		err := r.clientClosed()
		if err == nil {
			n = 0
			continue
		}
		if n++; n == closedChecks || !r.shared.Slotted() {
			reportFatal(fatal, r.shared.Sender.Classify(context.Background(), err))
			return
		}
	}
}

// clientClosed returns go-redis' error if the client, or the node of the service, is
// closed.
func (r *run) clientClosed() error {
	ended, end := context.WithCancel(context.Background())
	end() // do not let a cluster client fetch its slot map
	node, err := r.shared.Node(ended, r.w.keys.Calls)
	switch {
	case errors.Is(err, redis.ErrClosed):
		return err
	case err != nil || node == nil:
		return nil
	default:
		return send.ErrIfClosed(node)
	}
}
