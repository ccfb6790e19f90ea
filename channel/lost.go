package channel

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
)

// PerhapsLost returns the largest number of values that the receivers of rdb may have lost so
// far. For each take whose reply was cut, it counts as many values as its receivers were
// waiting for. It also counts the values that could not be returned to their channel,
// mailbox or queue. [log/slog.Default] logs each loss as well. PerhapsLost sends no command,
// and also works for a closed client.
func PerhapsLost(rdb redis.UniversalClient) int64 { return clients.LostValues(rdb) }
