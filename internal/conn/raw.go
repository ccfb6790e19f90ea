package conn

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Raw is a dedicated connection without a client: go-redis has dialed it and done the
// handshake, and sends nothing more.
type Raw struct {
	net.Conn
	origin
	client      *redis.Client // owner of the connection
	credentials *credentialsListener
	unsubscribe func() // ends the subscription of credentials
}

// Dial connects to a node. timeout is how long the handshake may wait for a reply.
func Dial(ctx context.Context, node *redis.Client, timeout time.Duration) (*Raw, error) {
	o := dedicatedOptions(node, timeout)
	credentials, unsubscribe, err := subscribe(&o)
	if err != nil {
		return nil, err
	}
	r := &Raw{origin: newOrigin(node), credentials: credentials, unsubscribe: sync.OnceFunc(unsubscribe)}
	useSlidingDeadlines(&o, func(c *slidingConn) { r.Conn = c })
	handshakeDone := false
	onHandshake(&o, func() { handshakeDone = true })
	r.client = redis.NewClient(&o)
	// The redis.Conn keeps the connection out of the pool: it is ours.
	err = r.client.Conn().Ping(ctx).Err()
	if err != nil && (!handshakeDone || !send.IsReply(err)) { // a denied PING does not matter
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// Close closes the connection. It can be called concurrently and repeatedly. It always
// returns nil.
func (r *Raw) Close() error {
	r.unsubscribe()
	_ = r.client.Close()
	return nil
}

// Expired reports whether the connection may lead to a former master, or uses credentials
// that have changed since it was opened.
func (r *Raw) Expired() bool { return r.credentials.changed.Load() || r.origin.Expired() }
