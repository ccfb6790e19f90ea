package rpc

import (
	"context"
	"errors"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

// gate lets one caller at a time do what comes before a call is stored.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

const tries = 3 // of what may be done again

// pass does something that may be done twice, unless it is done by now; again if its
// answer is lost. Its error says that the call did not run.
func (g gate) pass(ctx context.Context, done func() bool, do func() error) (err error) {
	if done() {
		return nil
	}
	select {
	case g <- struct{}{}:
	case <-ctx.Done():
		return send.Fault(desir.ErrUnavailable, ctx.Err())
	}
	defer func() { <-g }()
	if done() {
		return nil
	}
	for range tries {
		if err = do(); !errors.Is(err, desir.ErrMaybeRan) {
			return err
		}
	}
	return send.Fault(desir.ErrUnavailable, errors.New("answers to what comes before the call were lost"))
}
