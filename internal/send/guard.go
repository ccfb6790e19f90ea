package send

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/desir-go/desir/internal/oneline"
)

// ErrHook is what becomes of a panic of a hook of the client on a goroutine that is no caller's.
var ErrHook = errors.New("a hook of the client panicked")

// Guard calls f. A panic of a hook in it is an error.
func Guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s", ErrHook, oneline.Line(fmt.Sprint(p), oneline.Message))
		}
	}()
	return f()
}

// errNonsense is what becomes of a panic of go-redis at a message that it does not expect.
var errNonsense = errors.New("what the server sent makes no sense")

// GuardRead calls f, which reads messages of a subscription. go-redis panics at some that no
// server sends; that is an error with [ErrUnavailable], after which the connection is to be
// closed. A panic of another kind goes on: it is of a hook, in whose middle go-redis holds a lock.
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
