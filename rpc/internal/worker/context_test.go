package worker

import (
	"context"
	"errors"
	"testing"
)

var errStopped = errors.New("stopped")

// TestContextOfCanceledWorker checks the context of a handler that begins after the
// worker canceled its handlers, and of one that is canceled while it runs.
func TestContextOfCanceledWorker(t *testing.T) {
	base, stop := context.WithCancelCause(t.Context())
	runs := &callContext{base: t.Context()}
	runs.cancel(errStopped)
	stop(errStopped)
	for name, c := range map[string]*callContext{
		"Err first":     {base: base},
		"Done first":    {base: base},
		"while it runs": runs,
	} {
		if name == "Done first" {
			<-c.Done()
		}
		if err := c.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Err = %v", name, err)
		}
		if why := context.Cause(c); !errors.Is(why, errStopped) {
			t.Errorf("%s: the cause is %v; want errStopped", name, why)
		}
	}
}
