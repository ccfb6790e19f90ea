package conn

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// SentinelLifetime is how long a dedicated connection is used behind sentinels without
// asking them again. A master that was cut off from its sentinels and replaced may
// continue to reply to its clients. go-redis closes the connections of the user's client
// then, but not dedicated ones.
const SentinelLifetime = 5 * time.Second

const failoverAddr = "FailoverClient" // go-redis' address of a client behind sentinels

// origin is where and when a dedicated connection was opened.
type origin struct {
	node   *redis.Client
	opened time.Time
}

func newOrigin(node *redis.Client) origin { return origin{node, time.Now()} }

// Expired reports whether the connection may lead to a former master. A new connection
// asks the sentinels again.
func (o origin) Expired() bool { return o.BehindSentinels() && time.Since(o.opened) > SentinelLifetime }

// OpenedFor reports whether the connection was opened for node.
func (o origin) OpenedFor(node *redis.Client) bool { return o.node == node }

// BehindSentinels reports whether sentinels name the node.
func (o origin) BehindSentinels() bool { return o.node.Options().Addr == failoverAddr }
