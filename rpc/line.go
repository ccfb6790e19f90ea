package rpc

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
)

const (
	block = time.Second     // of a read
	grace = 2 * time.Second // what an answer may take beyond it
)

// line is the way on which one goroutine blocks on one key.
type line struct {
	hub *hub.Hub
	key string
	own *redis.Client // a connection of its own; nil while there is none

	node *redis.Client // that it was made of
	made time.Time

	asked bool // the key is on its way to another node: the user's client finds it
}

// client returns a client of the node that has the key now, or the user's where that is
// not known.
func (l *line) client(ctx context.Context) (redis.UniversalClient, error) {
	if l.own != nil {
		return l.own, nil
	}
	if l.asked {
		l.asked = false // the next time it may have arrived
		return l.hub.Client, nil
	}
	node, err := l.hub.Node(ctx, l.key)
	if err != nil {
		return nil, l.hub.Send.Explain(ctx, err)
	}
	if node == nil {
		return l.hub.Client, nil
	}
	l.own, l.node, l.made = hub.Alone(node, block+grace), node, time.Now()
	return l.own, nil
}

// outlived reports whether the connection may lead to a master of the past.
func (l *line) outlived() bool { return l.own != nil && hub.Outlived(l.node, l.made) }

// fail ends the connection after an error.
func (l *line) fail(err error) {
	l.asked = redis.HasErrorPrefix(err, "ASK")
	l.close()
}

// close ends the connection, over which nothing is under way. The next one may lead
// elsewhere.
func (l *line) close() {
	if l.own != nil {
		_ = l.own.Close()
		l.own = nil
	}
}
