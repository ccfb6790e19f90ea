package link

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Alone returns a client of the same node with one connection of its own, for
// commands that block: it repeats nothing, and gives up when the connection has been silent
// for so long while a reply is due; never if that is negative. The caller closes it.
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
	o.ClientSideCacheConfig, o.ClientSideCache = nil, nil // would have the server watch what is read
	o.PushNotificationProcessor = nil                     // of the other client; a second one cannot share it
	o.MaintNotificationsConfig = quiet
	return o
}

// quiet has a client not ask for notifications of maintenance.
var quiet = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

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

// Watched is a client as that of [Alone], of which one can see how long its connection has been
// silent.
type Watched struct {
	*redis.Client
	conn atomic.Pointer[patientConn]
	open atomic.Bool
}

// AloneWatched is [Alone] whose connection gives up by itself only after it has been silent for
// last; until it is greeted, for silence. Whoever looks may give it up before.
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

// Silent returns since when nothing has arrived. It is false while there is no connection, or
// one that is not greeted.
func (w *Watched) Silent() (since time.Time, open bool) {
	c := w.conn.Load()
	if c == nil || !w.open.Load() {
		return time.Time{}, false
	}
	return start.Add(time.Duration(c.heard.Load())), true
}

// greeted has f called when a connection of o is greeted, which is when go-redis calls its
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
