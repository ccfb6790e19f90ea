package link

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// Reopen returns a client for the last words of one that was closed, such as values that
// have to be requeued: it leads to the same place, by few connections of its own. It is nil
// for a client of a type that does not say where it leads. The caller closes it.
func Reopen(closed redis.UniversalClient) redis.UniversalClient {
	switch c := closed.(type) {
	case *redis.Client:
		return Alone(c, readTimeout(c.Options().ReadTimeout))
	case *redis.ClusterClient:
		o := *c.Options()
		o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
		o.ReadTimeout = readTimeout(o.ReadTimeout)
		o.MaintNotificationsConfig = quiet
		return redis.NewClusterClient(&o)
	case *redis.Ring:
		o := *c.Options()
		o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = 1, 0, 0, 0
		o.ReadTimeout = readTimeout(o.ReadTimeout)
		return redis.NewRing(&o)
	default:
		return nil
	}
}

// readTimeout is what a reply may take, of a client that perhaps does not bound it.
func readTimeout(of time.Duration) time.Duration {
	if of <= 0 {
		return time.Second
	}
	return of
}
