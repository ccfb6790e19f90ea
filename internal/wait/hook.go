package wait

import (
	"errors"

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

// lasting reports whether an error ends a wait: it will be there again, or is a
// hook's.
func lasting(err error) bool { return send.Lasting(err) || errors.Is(err, send.ErrHook) }
