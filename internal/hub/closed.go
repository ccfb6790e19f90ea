package hub

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Closed returns go-redis' error if the client of a server is closed. Dedicated connections do
// not notice that. Closed sends nothing.
func Closed(node *redis.Client) error {
	if node.PoolStats().TotalConns > 0 {
		return nil
	}
	ended, end := context.WithCancel(context.Background())
	end()
	err := send.Guard(func() error { return node.Process(ended, redis.NewStatusCmd(ended, "ping")) })
	if errors.Is(err, redis.ErrClosed) {
		return err
	}
	return nil
}
