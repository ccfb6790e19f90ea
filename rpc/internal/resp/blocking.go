package resp

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
)

// How long commands block.
const (
	BlockTime    = time.Second     // longest block of a read
	minReadSlack = 2 * time.Second // additional time that the connection may be silent, at least
)

// The block time in the units of XREAD and BLMPOP.
var (
	BlockMillis  = strconv.FormatInt(BlockTime.Milliseconds(), 10)
	BlockSeconds = strconv.Itoa(int(BlockTime / time.Second))
)

// Pauses are the pauses between attempts to use a connection.
var Pauses = backoff.Range{First: 50 * time.Millisecond, Last: time.Second}

// Blocking is the dedicated connection on which one goroutine blocks for one key.
type Blocking struct {
	Shared *clients.Shared
	Key    string
	Conn   *Conn // nil while there is none

	migrating bool // the key is being migrated: use the user's client
}

// Open connects to the node that has the key. It does nothing if there is a connection.
func (b *Blocking) Open(ctx context.Context) error {
	if b.Conn != nil {
		return nil
	}
	if b.migrating {
		b.migrating = false // the migration may be over the next time
		return nil
	}
	node, err := b.Shared.Node(ctx, b.Key)
	if err == nil && node != nil {
		b.Conn, err = Open(ctx, node, conn.ReadTimeout(node, BlockTime+minReadSlack))
	}
	if err != nil {
		return b.Shared.Sender.Classify(ctx, err)
	}
	return nil
}

// Do sends commands over the connection, or through the user's client if there is none,
// and reads the replies. Each command gets its classified error. Do returns the first
// one.
func (b *Blocking) Do(ctx context.Context, cmds ...*Command) (first error) {
	sent := true // unsent commands have an error that says so
	if b.Conn == nil {
		DoVia(ctx, b.doOnClient, cmds...)
	} else {
		sent = b.Conn.Do(cmds...)
	}
	for _, c := range cmds {
		c.Err = b.Classify(ctx, c.Err, sent)
		if first == nil {
			first = c.Err
		}
	}
	return first
}

// Classify classifies the error of a command.
func (b *Blocking) Classify(ctx context.Context, err error, sent bool) error {
	switch {
	case err == nil:
		return nil
	case sent:
		return b.Shared.Sender.ClassifySent(ctx, err)
	default:
		return b.Shared.Sender.Classify(ctx, err)
	}
}

func (b *Blocking) doOnClient(ctx context.Context, cmds ...redis.Cmder) error {
	return b.Shared.Sender.WriteOn(ctx, b.Shared.Redis, cmds...)
}

// Expired reports whether the connection may lead to a former master or may use outdated
// credentials.
func (b *Blocking) Expired() bool {
	return b.Conn != nil && b.Conn.Expired()
}

// CloseAfter closes the connection after an error.
func (b *Blocking) CloseAfter(err error) {
	b.migrating = redis.HasErrorPrefix(err, "ASK")
	b.Close()
}

// Close closes the connection. Nothing is in flight on it. The next one may lead to
// another node.
func (b *Blocking) Close() {
	if b.Conn != nil {
		b.Conn.Close()
		b.Conn = nil
	}
}
