package wait

import (
	"errors"

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
