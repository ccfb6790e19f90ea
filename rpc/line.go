package rpc

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/link"
)

const (
	block = time.Second     // of a read
	grace = 2 * time.Second // that the connection may be silent beyond it, at least
)

// block as XREAD wants it, and as BLMPOP does.
var (
	blockMillis  = strconv.FormatInt(block.Milliseconds(), 10)
	blockSeconds = strconv.Itoa(int(block / time.Second))
)

// line is the way on which one goroutine blocks on one key.
type line struct {
	hub *hub.Hub
	key string
	own *link.Link // a connection of its own; nil while there is none

	node *redis.Client // that it leads to
	made time.Time

	asked bool // the key is on its way to another node: the user's client finds it
}

// open connects to the node that has the key now, if it is known.
func (l *line) open(ctx context.Context) error {
	if l.own != nil {
		return nil
	}
	if l.asked {
		l.asked = false // the next time it may have arrived
		return nil
	}
	node, err := l.hub.Node(ctx, l.key)
	if err == nil && node != nil {
		l.own, err = link.Open(ctx, node, link.Patience(node, block+grace))
		l.node, l.made = node, time.Now()
	}
	if err != nil {
		return l.hub.Send.Explain(ctx, err)
	}
	return nil
}

// do sends commands over the connection, or by means of the user's client if there is none,
// and reads their answers. Each has its error, classified; do returns the first of them.
func (l *line) do(ctx context.Context, cmds ...*link.Command) (first error) {
	sent := true // what was not says so
	if l.own == nil {
		link.Through(ctx, l.through, cmds...)
	} else {
		sent = l.own.Do(cmds...)
	}
	for _, c := range cmds {
		c.Err = l.explain(ctx, c.Err, sent)
		if first == nil {
			first = c.Err
		}
	}
	return first
}

// explain gives the error of a command its class.
func (l *line) explain(ctx context.Context, err error, sent bool) error {
	switch {
	case err == nil:
		return nil
	case sent:
		return l.hub.Send.ExplainSent(ctx, err)
	default:
		return l.hub.Send.Explain(ctx, err)
	}
}

func (l *line) through(ctx context.Context, cmds ...redis.Cmder) error {
	return l.hub.Send.WriteOn(ctx, l.hub.Client, cmds...)
}

// outlived reports whether the connection may lead to a master of the past, or may have
// credentials of the past.
func (l *line) outlived() bool {
	return l.own != nil && (l.own.Stale() || link.Outlived(l.node, l.made))
}

// fail ends the connection after an error.
func (l *line) fail(err error) {
	l.asked = redis.HasErrorPrefix(err, "ASK")
	l.close()
}

// close ends the connection, over which nothing is under way. The next one may lead
// elsewhere.
func (l *line) close() {
	if l.own != nil {
		l.own.Close()
		l.own = nil
	}
}
