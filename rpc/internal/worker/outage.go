package worker

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// loggedOutage is an outage of Redis for a worker, and what was logged of it.
type loggedOutage struct {
	outage.State
	err error // the last one
}

// logFailure records why a worker cannot do something. It logs each change of the reason.
func (o *loggedOutage) logFailure(w *Worker, cannot string, err error) {
	o.err = err
	if o.Begin(err) {
		w.Log.Warn("desir: a worker cannot "+cannot+"; it retries", "service", w.label(), "error", err)
	}
}

// noteSuccess records one success. The outage is over when the success lasts.
func (o *loggedOutage) noteSuccess(w *Worker, does string) {
	if o.err != nil && o.Ended() {
		o.logEnd(w, does)
	}
}

// logEnd ends the outage, if there is one.
func (o *loggedOutage) logEnd(w *Worker, does string) {
	if o.err != nil {
		*o = loggedOutage{}
		w.Log.Info("desir: a worker "+does, "service", w.label())
	}
}

// startError returns the error of a worker that ended before it could begin, or nil if
// nothing prevented that. The worker took no call.
func (o *loggedOutage) startError(ctx context.Context) error {
	if o.err == nil {
		return nil
	}
	return outage.Ended(ctx, o.err)
}

// leaveContext returns a context that ends leaveTime after the worker has to end.
func (r *run) leaveContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-r.draining:
			time.AfterFunc(leaveTime, cancel)
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
