package redistest

import (
	"context"
	"net"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Bubble returns a client of an embedded server without sockets, for use in a
// [testing/synctest] bubble. TIME and expiries follow the clock of the bubble. Client and
// server end with t, which must be the T of the bubble.
func Bubble(t testing.TB, opts ...func(*redis.Options)) *redis.Client {
	t.Helper()
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	t.Cleanup(m.Close)
	o := &redis.Options{
		Protocol:                 Protocol(t),
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	for _, opt := range opts {
		opt(o)
	}
	return closeAtEnd(t, redis.NewClient(o))
}
