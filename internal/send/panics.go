package send

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/desir-go/desir/internal/oneline"
)

// ErrHookPanic is the error if a hook of the client panics on a goroutine of the library.
var ErrHookPanic = errors.New("a hook of the client panicked")

// CatchHookPanic calls f and returns its error. If a hook panics in f, the error is
// [ErrHookPanic].
func CatchHookPanic(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = hookPanic(p)
		}
	}()
	return f()
}

// hookPanic returns the error of a panic.
func hookPanic(p any) error {
	return fmt.Errorf("%w: %s", ErrHookPanic, oneline.Line(fmt.Sprint(p), oneline.Message))
}

// errBadMessage is the error if go-redis panics at an unexpected message.
var errBadMessage = errors.New("what the server sent makes no sense")

// CatchReadPanic calls f, which reads messages of a subscription. go-redis panics at some
// messages that no server sends. CatchReadPanic then returns an error with
// [ErrUnavailable], and the connection must be closed. Other panics are not recovered:
// they come from a hook, and go-redis holds a lock while it calls one.
func CatchReadPanic(f func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = WithClass(ErrUnavailable, fmt.Errorf("%w: %w", errBadMessage, p))
		default:
			panic(p)
		}
	}()
	return f()
}
