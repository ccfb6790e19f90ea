package hub

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Own returns a client of one connection to the same node, for commands that
// block: it waits for an answer as long as patience, and sends nothing twice.
func Own(node *redis.Client, patience time.Duration) *redis.Client {
	o := *node.Options()
	o.MaxRetries = -1
	o.ReadTimeout = patience
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
	o.PipelinePoolSize = -1
	o.ContextTimeoutEnabled = false
	o.PushNotificationProcessor = nil // of the other client; a second one cannot share it
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(&o)
}
