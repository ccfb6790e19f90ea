package conn

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/desir-go/desir/internal/send"
)

func dedicatedOptions(node *redis.Client, readTimeout time.Duration) redis.Options {
	o := *node.Options()
	o.MaxRetries = -1
	o.ReadTimeout = readTimeout
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
	o.PipelinePoolSize = -1
	o.ContextTimeoutEnabled = false
	o.ClientSideCacheConfig, o.ClientSideCache = nil, nil // it would make the server track reads
	// Belongs to the other client and cannot be shared.
	o.PushNotificationProcessor = nil
	o.MaintNotificationsConfig = noMaintenance
	return o
}

// noMaintenance disables notifications of maintenance.
var noMaintenance = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// Client is a client of one node with one dedicated connection, for commands that block.
// It retries nothing.
type Client struct {
	*redis.Client
	origin
	conn atomic.Pointer[slidingConn]
	open atomic.Bool // the handshake of conn is done
}

// NewClient returns a client of the same node with one dedicated connection. A command
// fails when the connection has been silent for readTimeout while a reply is due; a
// negative timeout means never. Until the handshake is done handshakeTimeout counts. The
// caller closes the client, and may do so while a command waits for its reply.
func NewClient(node *redis.Client, handshakeTimeout, readTimeout time.Duration) *Client {
	o := dedicatedOptions(node, handshakeTimeout)
	c := &Client{origin: newOrigin(node)}
	useSlidingDeadlines(&o, func(dialed *slidingConn) {
		c.open.Store(false)
		c.conn.Store(dialed)
	})
	onHandshake(&o, func() {
		if dialed := c.conn.Load(); dialed != nil {
			dialed.readTimeout.Store(int64(readTimeout))
		}
		c.open.Store(true)
	})
	c.Client = redis.NewClient(&o)
	return c
}

// Deposed reports whether the sentinels name another master than the server to which the
// connection leads. It asks them, and the server that they name for its role. If the
// sentinels or that server do not reply, and for a client without sentinels or one that
// reads from replicas, it returns false.
func (c *Client) Deposed(ctx context.Context) bool {
	current := c.conn.Load()
	if current == nil || !c.BehindSentinels() {
		return false
	}
	timeout := timeoutOrSecond(c.node.Options().ReadTimeout)
	other := NewClient(c.node, timeout, timeout)
	defer func() { _ = other.Close() }()
	role, err := other.Do(ctx, "role").Slice()
	dialed := other.conn.Load()
	if dialed == nil || err != nil && !send.IsReply(err) || len(role) > 0 && role[0] != "master" {
		return false
	}
	return dialed.RemoteAddr().String() != current.RemoteAddr().String()
}

// LastRead returns when bytes last arrived. It returns false if there is no connection,
// or its handshake is not done yet.
func (c *Client) LastRead() (at time.Time, open bool) {
	current := c.conn.Load()
	if current == nil || !c.open.Load() {
		return time.Time{}, false
	}
	return epoch.Add(time.Duration(current.lastRead.Load())), true
}

// onHandshake calls f when the handshake of a connection of o is done, which is when
// go-redis calls OnConnect.
func onHandshake(o *redis.Options, f func()) {
	connected := o.OnConnect
	o.OnConnect = func(ctx context.Context, c *redis.Conn) error {
		if connected != nil {
			if err := connected(ctx, c); err != nil {
				return err
			}
		}
		f()
		return nil
	}
}
