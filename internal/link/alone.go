package link

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Alone returns a client of the same node with one dedicated connection, for commands
// that block. It retries nothing. A command fails when the connection has been silent for
// that long while a reply is due; a negative silence means never. The caller closes the
// client.
func Alone(node *redis.Client, silence time.Duration) *redis.Client {
	o := alone(node, silence)
	patiently(&o, nil)
	return redis.NewClient(&o)
}

func alone(node *redis.Client, silence time.Duration) redis.Options {
	o := *node.Options()
	o.MaxRetries = -1
	o.ReadTimeout = silence
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
	o.PipelinePoolSize = -1
	o.ContextTimeoutEnabled = false
	o.ClientSideCacheConfig, o.ClientSideCache = nil, nil // it would make the server track reads
	// Belongs to the other client and cannot be shared.
	o.PushNotificationProcessor = nil
	o.MaintNotificationsConfig = quiet
	return o
}

// quiet disables notifications of maintenance.
var quiet = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// Lifetime is how long a dedicated connection is used behind sentinels. A master that was
// cut off from its sentinels and replaced may continue to reply to its clients. go-redis
// closes the connections of the user's client then, but not those of Alone.
const Lifetime = 5 * time.Second

// Outlived reports whether a connection to this node, made at that time, may lead to a
// former master. A new connection asks the sentinels again.
func Outlived(node *redis.Client, made time.Time) bool {
	return node.Options().Addr == behindSentinels && time.Since(made) > Lifetime
}

const behindSentinels = "FailoverClient" // go-redis' address of a client behind sentinels

// Watched is a client like that of [Alone] that shows how long its connection has been
// silent.
type Watched struct {
	*redis.Client
	conn atomic.Pointer[patientConn]
	open atomic.Bool
}

// AloneWatched is [Alone] with a connection that fails only after it was silent for last.
// Until it is greeted, the limit is silence. The caller may give it up earlier.
func AloneWatched(node *redis.Client, silence, last time.Duration) *Watched {
	o := alone(node, silence)
	w := &Watched{}
	patiently(&o, func(c *patientConn) {
		w.open.Store(false)
		w.conn.Store(c)
	})
	greeted(&o, func() {
		if c := w.conn.Load(); c != nil {
			c.last.Store(int64(last))
		}
		w.open.Store(true)
	})
	w.Client = redis.NewClient(&o)
	return w
}

// Silent returns the time since which nothing has arrived. It returns false if there is
// no connection, or it is not greeted yet.
func (w *Watched) Silent() (since time.Time, open bool) {
	c := w.conn.Load()
	if c == nil || !w.open.Load() {
		return time.Time{}, false
	}
	return start.Add(time.Duration(c.heard.Load())), true
}

// greeted calls f when a connection of o is greeted, which is when go-redis calls
// OnConnect.
func greeted(o *redis.Options, f func()) {
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
