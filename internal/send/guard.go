package send

import (
	"errors"
	"fmt"
)

// ErrHook is what becomes of a panic of a hook of the client on a goroutine that is no caller's.
var ErrHook = errors.New("a hook of the client panicked")

// Guard calls f. A panic of a hook in it is an error.
func Guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrHook, p)
		}
	}()
	return f()
}
