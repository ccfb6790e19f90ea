package send

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// ErrIfClosed returns go-redis' error if the client of a server is closed. Dedicated
// connections do not notice that. ErrIfClosed sends nothing.
func ErrIfClosed(node *redis.Client) error {
	if node.PoolStats().TotalConns > 0 {
		return nil
	}
	return closedErr(node)
}

// endedContext is a context that has ended: a call that has it sends nothing.
var endedContext = func() context.Context {
	ctx, end := context.WithCancel(context.Background())
	end()
	return ctx
}()

// Closed reports whether the client of go-redis is closed. It sends nothing.
func (s *client) Closed() bool {
	var node *redis.Client
	var err error
	switch rdb := s.rdb.(type) {
	case *redis.Client:
		node = rdb
	case *redis.ClusterClient:
		if !s.slotsLoaded.Load() {
			return closedErr(rdb) != nil
		}
		node, err = rdb.MasterForKey(endedContext, "")
	case *redis.Ring:
		node, err = rdb.GetShardClientForKey("")
	}
	return errors.Is(err, redis.ErrClosed) || node != nil && ErrIfClosed(node) != nil
}

// closedErr returns go-redis' error if a client is closed. It sends nothing.
func closedErr(rdb processor) error {
	err := CatchHookPanic(func() error { return rdb.Process(endedContext, redis.NewStatusCmd(endedContext, "ping")) })
	if errors.Is(err, redis.ErrClosed) {
		return err
	}
	return nil
}
