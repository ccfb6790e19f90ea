package wait

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// depart starts the move of a line to the loop of the node that has its slot now. cause is the
// error of the present node, or nil. The loop's mutex is held.
func (l *loop) depart(ln *line, cause error) {
	if ln.away || l.retired {
		return
	}
	ln.away = true
	go l.w.move(l, ln, cause) // not under the mutex, since it sends commands
}

// move moves a line to the loop of the node that has its slot now. At any time its receivers
// are in exactly one of the two loops.
func (w *Waiter) move(from *loop, ln *line, cause error) {
	ctx := context.Background()
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		send.Pause(ctx, pause) // until the cluster's slot map is loaded
		node, err := w.node(ctx, ln.source.Values)
		shut := err == nil && node == from.node && errors.Is(cause, redis.ErrClosed)
		if cluster, ok := w.hub.Client.(*redis.ClusterClient); ok && shut && pause < maxPause/2 {
			cluster.ReloadState(ctx) // the cluster client closes the clients of nodes that it drops
			continue
		}
		switch {
		case shut || err != nil && !send.Transient(err):
			from.stay(ln, errors.Join(cause, err))
			return
		case err != nil:
			from.disturbed(err)
			continue
		case node == from.node:
			from.stay(ln, nil)
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		from.mu.Lock()
		waiting, held, trouble := ln.waiting, ln.held, ln.trouble
		ln.waiting, ln.held = nil, nil
		if from.lines[ln.source.place()] == ln { // otherwise the loop has ended and started again
			delete(from.lines, ln.source.place())
		}
		from.mu.Unlock()
		w.loop(node).enter(ln.source, waiting, held, trouble)
		return
	}
}

// stay keeps a line in its loop. If err is not nil, it fails the line's receivers.
func (l *loop) stay(ln *line, err error) {
	l.mu.Lock()
	ln.away, ln.fresh = false, true
	if err != nil {
		ln.fail(err)
	}
	retired := l.retired
	l.ring()
	l.mu.Unlock()
	if retired {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		l.w.inherit(l)
	}
}
