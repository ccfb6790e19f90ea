package wait

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// mapReloads is how often the slot map is reloaded because a node's client was closed,
// before the client of the cluster counts as closed.
const mapReloads = 5

// startMove starts the move of a queue to the loop of the node that has its slot now. cause
// is the error of the present node, or nil. The loop's mutex is held.
func (l *loop) startMove(q *waitQueue, cause error) {
	if q.moving || l.retired {
		return
	}
	q.moving = true
	go l.waiter.move(l, q, cause) // not under the mutex, since it sends commands
}

// move moves a queue to the loop of the node that has its slot now. At any time its receivers
// are in exactly one of the two loops.
func (w *Waiter) move(from *loop, q *waitQueue, cause error) {
	ctx := context.Background()
	pause := pauses.Start()
	for try := 1; ; try++ {
		pause.Wait(ctx) // until the cluster's slot map is loaded
		node, err := w.node(ctx, q.source.Values)
		shut := err == nil && node == from.node && errors.Is(cause, redis.ErrClosed)
		if cluster, ok := w.shared.Redis.(*redis.ClusterClient); ok && shut && try <= mapReloads {
			cluster.ReloadState(ctx) // the cluster client closes the clients of nodes that it drops
			continue
		}
		switch {
		case shut || send.Permanent(err):
			from.endMove(q, errors.Join(cause, err))
			return
		case err != nil:
			from.recordError(err)
			continue
		case node == from.node:
			from.endMove(q, nil)
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		from.mu.Lock()
		waiting, buffered, lastErr := q.waiting, q.buffered, q.lastErr
		q.waiting, q.buffered = nil, nil
		if from.queues[q.source.id()] == q { // otherwise the loop has ended and started again
			delete(from.queues, q.source.id())
		}
		from.mu.Unlock()
		w.loop(loopID{node, from.claims}).enqueue(q.source, waiting, buffered, lastErr)
		return
	}
}

// endMove keeps a queue in its loop. If err is not nil, it fails the queue's receivers.
func (l *loop) endMove(q *waitQueue, err error) {
	l.mu.Lock()
	q.moving, q.dirty = false, true
	if err != nil {
		q.fail(err)
	}
	retired := l.retired
	l.notify()
	l.mu.Unlock()
	if retired {
		l.waiter.mu.Lock()
		defer l.waiter.mu.Unlock()
		l.waiter.moveAll(l)
	}
}
