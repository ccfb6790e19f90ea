package wait

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// guard calls f. If a hook panics in f, the error is ErrMaybeRan, since f may have been
// executed.
func guard(f func() error) error {
	err := send.CatchHookPanic(f)
	if errors.Is(err, send.ErrHookPanic) {
		return send.WithClass(send.ErrMaybeRan, err)
	}
	return err
}

// permanent reports whether an error is permanent, so that it ends a wait. A closed client is
// not permanent here, since a cluster client closes the clients of nodes that it drops.
func permanent(err error) bool {
	return err != nil && !send.Transient(err) && !errors.Is(err, redis.ErrClosed)
}
