package rpc

import (
	"context"
	"log/slog"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// trouble is whether the server serves a worker, as far as it was logged.
type trouble struct {
	outage.State
	err error // the last one
}

// begin notes why a worker cannot do something. Each change of the reason is logged.
func (t *trouble) begin(s *Server, cannot string, err error) {
	t.err = err
	if t.Begin(err) {
		s.settings.log.Warn("desir: a worker cannot "+cannot+"; it tries again", "service", s.label(), "error", err)
	}
}

// end notes that a worker has done it once. The trouble is over when it stays so.
func (t *trouble) end(s *Server, does string) {
	if t.err != nil && t.Ended() {
		t.over(s, does)
	}
}

// over ends the trouble, if there is any.
func (t *trouble) over(s *Server, does string) {
	if t.err != nil {
		*t = trouble{}
		s.settings.log.Info("desir: a worker "+does, "service", s.label())
	}
}

// neverBegan is the error of a worker that has ended before it could begin, nil if nothing
// kept it from that. It has not taken any call.
func (t *trouble) neverBegan(ctx context.Context) error {
	if t.err == nil {
		return nil
	}
	return outage.Ended(ctx, t.err)
}

// untilLeft returns a context that ends a moment after the worker is to end.
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

// current logs by [slog.Default], whatever that is by then.
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
