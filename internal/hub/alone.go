package hub

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Alone returns a client of the same node with one connection of its own, for
// commands that block: it repeats nothing and waits readTimeout for an answer,
// without end if that is negative. The caller closes it.
func Alone(node *redis.Client, readTimeout time.Duration) *redis.Client {
	o := *node.Options()
	o.MaxRetries = -1
	o.ReadTimeout = readTimeout
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
	o.PipelinePoolSize = -1
	o.ContextTimeoutEnabled = false
	o.PushNotificationProcessor = nil // of the other client; a second one cannot share it
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(&o)
}
