package wait

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// depart starts the move of a queue to the loop of the node that has its slot now. cause is the
// error of the present node, or nil. The loop's mutex is held.
func (l *loop) depart(q *waitQueue, cause error) {
	if q.moving || l.retired {
		return
	}
	q.moving = true
	go l.w.move(l, q, cause) // not under the mutex, since it sends commands
}

// move moves a queue to the loop of the node that has its slot now. At any time its receivers
// are in exactly one of the two loops.
func (w *Waiter) move(from *loop, q *waitQueue, cause error) {
	ctx := context.Background()
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		send.Pause(ctx, pause) // until the cluster's slot map is loaded
		node, err := w.node(ctx, q.source.Values)
		shut := err == nil && node == from.node && errors.Is(cause, redis.ErrClosed)
		if cluster, ok := w.shared.Redis.(*redis.ClusterClient); ok && shut && pause < maxPause/2 {
			cluster.ReloadState(ctx) // the cluster client closes the clients of nodes that it drops
			continue
		}
		switch {
		case shut || err != nil && !send.Transient(err):
			from.stay(q, errors.Join(cause, err))
			return
		case err != nil:
			from.disturbed(err)
			continue
		case node == from.node:
			from.stay(q, nil)
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		from.mu.Lock()
		waiting, buffered, trouble := q.waiting, q.buffered, q.trouble
		q.waiting, q.buffered = nil, nil
		if from.queues[q.source.place()] == q { // otherwise the loop has ended and started again
			delete(from.queues, q.source.place())
		}
		from.mu.Unlock()
		w.loop(node).enter(q.source, waiting, buffered, trouble)
		return
	}
}

// stay keeps a queue in its loop. If err is not nil, it fails the queue's receivers.
func (l *loop) stay(q *waitQueue, err error) {
	l.mu.Lock()
	q.moving, q.dirty = false, true
	if err != nil {
		q.fail(err)
	}
	retired := l.retired
	l.notify()
	l.mu.Unlock()
	if retired {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		l.w.inherit(l)
	}
}
