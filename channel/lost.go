package channel

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
)

// PerhapsLost returns how many values the receivers of rdb may have lost so far, at most: of
// each take whose reply was cut, as many as receivers were waiting for, and what could not be
// returned to its channel, mailbox or queue. Each loss is logged as well. It sends nothing, and
// works for a closed client too.
func PerhapsLost(rdb redis.UniversalClient) int64 { return hub.Lost(rdb) }
