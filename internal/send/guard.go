package send

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/desir-go/desir/internal/oneline"
)

// ErrHook is the error if a hook of the client panics on a goroutine of the library.
var ErrHook = errors.New("a hook of the client panicked")

// Guard calls f and returns its error. If a hook panics in f, the error is [ErrHook].
func Guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s", ErrHook, oneline.Line(fmt.Sprint(p), oneline.Message))
		}
	}()
	return f()
}

// errNonsense is the error if go-redis panics at an unexpected message.
var errNonsense = errors.New("what the server sent makes no sense")

// GuardRead calls f, which reads messages of a subscription. go-redis panics at some messages
// that no server sends. GuardRead then returns an error with [ErrUnavailable], and the
// connection must be closed. Other panics are not recovered: they come from a hook, and
// go-redis holds a lock while it calls one.
func GuardRead(f func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = Fault(ErrUnavailable, fmt.Errorf("%w: %w", errNonsense, p))
		default:
			panic(p)
		}
	}()
	return f()
}
