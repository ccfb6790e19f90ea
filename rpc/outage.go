package rpc

import (
	"context"
	"log/slog"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// loggedOutage is an outage of Redis for a worker, and what was logged of it.
type loggedOutage struct {
	outage.State
	err error // the last one
}

// logFailure records why a worker cannot do something. It logs each change of the reason.
func (o *loggedOutage) logFailure(s *Server, cannot string, err error) {
	o.err = err
	if o.Begin(err) {
		s.settings.log.Warn("desir: a worker cannot "+cannot+"; it retries", "service", s.label(), "error", err)
	}
}

// noteSuccess records one success. The outage is over when the success lasts.
func (o *loggedOutage) noteSuccess(s *Server, does string) {
	if o.err != nil && o.Ended() {
		o.logEnd(s, does)
	}
}

// logEnd ends the outage, if there is one.
func (o *loggedOutage) logEnd(s *Server, does string) {
	if o.err != nil {
		*o = loggedOutage{}
		s.settings.log.Info("desir: a worker "+does, "service", s.label())
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
func (r *serverRun) leaveContext() (context.Context, context.CancelFunc) {
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

// defaultHandler logs to the current [slog.Default].
type defaultHandler struct{}

func (defaultHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return slog.Default().Enabled(ctx, l)
}

func (defaultHandler) Handle(ctx context.Context, r slog.Record) error {
	return slog.Default().Handler().Handle(ctx, r)
}

func (defaultHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return slog.Default().Handler().WithAttrs(attrs)
}

func (defaultHandler) WithGroup(name string) slog.Handler {
	return slog.Default().Handler().WithGroup(name)
}
