package conn

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Dedicated returns a client of the same node with one dedicated connection, for commands
// that block. It retries nothing. A command fails when the connection has been silent for
// readTimeout while a reply is due; a negative timeout means never. The caller closes the
// client.
func Dedicated(node *redis.Client, readTimeout time.Duration) *redis.Client {
	o := dedicatedOptions(node, readTimeout)
	useSlidingDeadlines(&o, nil)
	return redis.NewClient(&o)
}

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

// SentinelLifetime is how long a dedicated connection is used behind sentinels. A master
// that was cut off from its sentinels and replaced may continue to reply to its clients.
// go-redis closes the connections of the user's client then, but not dedicated ones.
const SentinelLifetime = 5 * time.Second

// Expired reports whether a connection to this node, made at that time, may lead to a
// former master. A new connection asks the sentinels again.
func Expired(node *redis.Client, made time.Time) bool {
	return node.Options().Addr == failoverAddr && time.Since(made) > SentinelLifetime
}

const failoverAddr = "FailoverClient" // go-redis' address of a client behind sentinels

// Client is a client like that of [Dedicated] that reports when its connection was last
// read from.
type Client struct {
	*redis.Client
	conn atomic.Pointer[slidingConn]
	open atomic.Bool // the handshake of conn is done
}

// NewClient is [Dedicated] with one timeout for the handshake and another one after it.
// The caller may give the connection up earlier.
func NewClient(node *redis.Client, handshakeTimeout, readTimeout time.Duration) *Client {
	o := dedicatedOptions(node, handshakeTimeout)
	c := &Client{}
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
