package rpc

import (
	"context"
	"errors"
	"testing"
)

// TestContextOfCanceledWorker asks the context of a handler that begins when the worker's
// handlers were canceled.
func TestContextOfCanceledWorker(t *testing.T) {
	base, stop := context.WithCancelCause(context.Background())
	stop(ErrStopped)
	for _, first := range []string{"Err", "Done"} {
		c := &callContext{base: base}
		if first == "Done" {
			<-c.Done()
		}
		if err := c.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s first: Err = %v", first, err)
		}
	}
}
