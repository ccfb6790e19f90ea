package rpc

import (
	"context"
	"log/slog"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// trouble is an outage of Redis for a worker, as far as it was logged.
type trouble struct {
	outage.State
	err error // the last one
}

// begin records why a worker cannot do something. It logs each change of the reason.
func (t *trouble) begin(s *Server, cannot string, err error) {
	t.err = err
	if t.Begin(err) {
		s.settings.log.Warn("desir: a worker cannot "+cannot+"; it retries", "service", s.label(), "error", err)
	}
}

// end records one success. The outage is over when the success lasts.
func (t *trouble) end(s *Server, does string) {
	if t.err != nil && t.Ended() {
		t.over(s, does)
	}
}

// over ends the outage, if there is one.
func (t *trouble) over(s *Server, does string) {
	if t.err != nil {
		*t = trouble{}
		s.settings.log.Info("desir: a worker "+does, "service", s.label())
	}
}

// neverBegan returns the error of a worker that ended before it could begin, or nil if
// nothing prevented that. The worker took no call.
func (t *trouble) neverBegan(ctx context.Context) error {
	if t.err == nil {
		return nil
	}
	return outage.Ended(ctx, t.err)
}

// untilLeft returns a context that ends leaveTime after the worker has to end.
func (r *run) untilLeft() (context.Context, context.CancelFunc) {
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

// current logs to the current [slog.Default].
type current struct{}

func (current) Enabled(ctx context.Context, l slog.Level) bool {
	return slog.Default().Enabled(ctx, l)
}

func (current) Handle(ctx context.Context, r slog.Record) error {
	return slog.Default().Handler().Handle(ctx, r)
}

func (current) WithAttrs(attrs []slog.Attr) slog.Handler {
	return slog.Default().Handler().WithAttrs(attrs)
}

func (current) WithGroup(name string) slog.Handler { return slog.Default().Handler().WithGroup(name) }
