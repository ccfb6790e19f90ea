package wait

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// guard calls f. After a panic of a hook in it nobody knows what was executed.
func guard(f func() error) error {
	err := send.Guard(f)
	if errors.Is(err, send.ErrHook) {
		return send.Fault(send.ErrMaybeRan, err)
	}
	return err
}

// lasting reports whether an error ends a wait. A closed client is no such error here: a
// cluster client closes those of nodes that it drops.
func lasting(err error) bool {
	return err != nil && !send.Transient(err) && !errors.Is(err, redis.ErrClosed)
}
