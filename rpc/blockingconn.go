package rpc

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/rpc/internal/resp"
)

const (
	blockTime    = time.Second     // longest block of a read
	minReadSlack = 2 * time.Second // additional time that the connection may be silent, at least
)

// The block time in the units of XREAD and BLMPOP.
var (
	blockMillis  = strconv.FormatInt(blockTime.Milliseconds(), 10)
	blockSeconds = strconv.Itoa(int(blockTime / time.Second))
)

// blockingConn is the dedicated connection on which one goroutine blocks for one key.
type blockingConn struct {
	shared *clients.Shared
	key    string
	conn   *resp.Conn // nil while there is none

	migrating bool // the key is being migrated: use the user's client
}

// open connects to the node that has the key. It does nothing if there is a connection.
func (b *blockingConn) open(ctx context.Context) error {
	if b.conn != nil {
		return nil
	}
	if b.migrating {
		b.migrating = false // the migration may be over the next time
		return nil
	}
	node, err := b.shared.Node(ctx, b.key)
	if err == nil && node != nil {
		b.conn, err = resp.Open(ctx, node, conn.ReadTimeout(node, blockTime+minReadSlack))
	}
	if err != nil {
		return b.shared.Sender.Classify(ctx, err)
	}
	return nil
}

// do sends commands over the connection, or through the user's client if there is none,
// and reads the replies. Each command gets its classified error. do returns the first
// one.
func (b *blockingConn) do(ctx context.Context, cmds ...*resp.Command) (first error) {
	sent := true // unsent commands have an error that says so
	if b.conn == nil {
		resp.DoVia(ctx, b.doOnClient, cmds...)
	} else {
		sent = b.conn.Do(cmds...)
	}
	for _, c := range cmds {
		c.Err = b.classify(ctx, c.Err, sent)
		if first == nil {
			first = c.Err
		}
	}
	return first
}

// classify classifies the error of a command.
func (b *blockingConn) classify(ctx context.Context, err error, sent bool) error {
	switch {
	case err == nil:
		return nil
	case sent:
		return b.shared.Sender.ClassifySent(ctx, err)
	default:
		return b.shared.Sender.Classify(ctx, err)
	}
}

func (b *blockingConn) doOnClient(ctx context.Context, cmds ...redis.Cmder) error {
	return b.shared.Sender.WriteOn(ctx, b.shared.Redis, cmds...)
}

// expired reports whether the connection may lead to a former master or may use outdated
// credentials.
func (b *blockingConn) expired() bool {
	return b.conn != nil && b.conn.Expired()
}

// closeAfter closes the connection after an error.
func (b *blockingConn) closeAfter(err error) {
	b.migrating = redis.HasErrorPrefix(err, "ASK")
	b.close()
}

// close closes the connection. Nothing is in flight on it. The next one may lead to
// another node.
func (b *blockingConn) close() {
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}
