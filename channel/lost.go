package channel

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/wait"
)

// PerhapsLost returns how many values the receivers of rdb may have lost so far, at most: of
// each take whose reply was cut, as many as receivers were waiting for, and what could not be
// returned to its channel, mailbox or queue. Each loss is logged as well. It asks nobody.
func PerhapsLost(rdb redis.UniversalClient) int64 {
	h, err := hub.Of(rdb)
	if err != nil {
		return 0
	}
	return wait.Of(h).PerhapsLost()
}
