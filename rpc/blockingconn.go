package rpc

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
)

const (
	block = time.Second     // longest block of a read
	grace = 2 * time.Second // additional time that the connection may be silent, at least
)

// The block time in the units of XREAD and BLMPOP.
var (
	blockMillis  = strconv.FormatInt(block.Milliseconds(), 10)
	blockSeconds = strconv.Itoa(int(block / time.Second))
)

// blockingConn is the dedicated connection on which one goroutine blocks for one key.
type blockingConn struct {
	shared *clients.Shared
	key    string
	own    *conn.Conn // nil while there is none

	node *redis.Client // node of own
	made time.Time

	asked bool // the key is being migrated: use the user's client
}

// open connects to the node that has the key. It does nothing if there is a connection.
func (l *blockingConn) open(ctx context.Context) error {
	if l.own != nil {
		return nil
	}
	if l.asked {
		l.asked = false // the migration may be over the next time
		return nil
	}
	node, err := l.shared.Node(ctx, l.key)
	if err == nil && node != nil {
		l.own, err = conn.Open(ctx, node, conn.ReadTimeout(node, block+grace))
		l.node, l.made = node, time.Now()
	}
	if err != nil {
		return l.shared.Sender.Classify(ctx, err)
	}
	return nil
}

// do sends commands over the connection, or through the user's client if there is none,
// and reads the replies. Each command gets its classified error. do returns the first
// one.
func (l *blockingConn) do(ctx context.Context, cmds ...*conn.Command) (first error) {
	sent := true // unsent commands have an error that says so
	if l.own == nil {
		conn.DoVia(ctx, l.through, cmds...)
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

// explain classifies the error of a command.
func (l *blockingConn) explain(ctx context.Context, err error, sent bool) error {
	switch {
	case err == nil:
		return nil
	case sent:
		return l.shared.Sender.ClassifySent(ctx, err)
	default:
		return l.shared.Sender.Classify(ctx, err)
	}
}

func (l *blockingConn) through(ctx context.Context, cmds ...redis.Cmder) error {
	return l.shared.Sender.WriteOn(ctx, l.shared.Redis, cmds...)
}

// outlived reports whether the connection may lead to a former master or may use outdated
// credentials.
func (l *blockingConn) outlived() bool {
	return l.own != nil && (l.own.Stale() || conn.Expired(l.node, l.made))
}

// fail closes the connection after an error.
func (l *blockingConn) fail(err error) {
	l.asked = redis.HasErrorPrefix(err, "ASK")
	l.close()
}

// close closes the connection. Nothing is in flight on it. The next one may lead to
// another node.
func (l *blockingConn) close() {
	if l.own != nil {
		l.own.Close()
		l.own = nil
	}
}
