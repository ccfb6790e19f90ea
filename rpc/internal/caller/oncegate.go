package caller

import (
	"context"
	"errors"

	"github.com/desir-go/desir/internal/send"
)

// onceGate lets one caller at a time run a command that must precede a call.
type onceGate chan struct{}

func newOnceGate() onceGate { return make(onceGate, 1) }

const maxAttempts = 3 // attempts if replies are lost

// pass runs do unless done reports that it is not needed. do must be idempotent: it runs
// again if its reply is lost. An error of pass means that the call did not run.
func (g onceGate) pass(ctx context.Context, done func() bool, do func() error) (err error) {
	if done() {
		return nil
	}
	select {
	case g <- struct{}{}:
	case <-ctx.Done():
		return send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	defer func() { <-g }()
	if done() {
		return nil
	}
	for range maxAttempts {
		if err = do(); !errors.Is(err, send.ErrMaybeRan) {
			return err
		}
	}
	return send.WithClass(send.ErrUnavailable, errors.New("the replies to commands that must precede the call were lost"))
}
