package conn

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// Reopen returns a client for the last commands of a closed one, such as requeuing
// values. It connects to the same servers, with few dedicated connections. It returns nil
// for a client type that does not reveal its servers. The caller closes the new client.
func Reopen(closed redis.UniversalClient) redis.UniversalClient {
	switch c := closed.(type) {
	case *redis.Client:
		timeout := timeoutOrSecond(c.Options().ReadTimeout)
		return NewClient(c, timeout, timeout)
	case *redis.ClusterClient:
		o := *c.Options()
		o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
		o.ReadTimeout = timeoutOrSecond(o.ReadTimeout)
		o.MaintNotificationsConfig = noMaintenance
		return redis.NewClusterClient(&o)
	case *redis.Ring:
		o := *c.Options()
		o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
		o.ReadTimeout = timeoutOrSecond(o.ReadTimeout)
		return redis.NewRing(&o)
	default:
		return nil
	}
}

// timeoutOrSecond returns the read timeout for a client, which may have none.
func timeoutOrSecond(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return time.Second
	}
	return timeout
}
