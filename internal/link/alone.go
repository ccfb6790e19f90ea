package link

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Alone returns a client of the same node with one connection of its own, for
// commands that block: it repeats nothing and waits readTimeout for an answer,
// without end if that is negative. The caller closes it.
func Alone(node *redis.Client, readTimeout time.Duration) *redis.Client {
	o := alone(node, readTimeout)
	return redis.NewClient(&o)
}

func alone(node *redis.Client, readTimeout time.Duration) redis.Options {
	o := *node.Options()
	o.MaxRetries = -1
	o.ReadTimeout = readTimeout
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
	o.PipelinePoolSize = -1
	o.ContextTimeoutEnabled = false
	o.ClientSideCacheConfig, o.ClientSideCache = nil, nil // would have the server watch what is read
	o.PushNotificationProcessor = nil                     // of the other client; a second one cannot share it
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o
}

// Lifetime is how long a connection of its own is used behind sentinels. A master
// that they have replaced may go on answering, when it is cut off from them and not
// from its clients; go-redis then closes the connections of the client itself, and
// not those of Alone.
const Lifetime = 5 * time.Second

// Outlived reports whether a connection that was made at that time, to this node,
// may lead to a master of the past. Another one asks the sentinels anew.
func Outlived(node *redis.Client, made time.Time) bool {
	return node.Options().Addr == behindSentinels && time.Since(made) > Lifetime
}

const behindSentinels = "FailoverClient" // where go-redis has an address else
