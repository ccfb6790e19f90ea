package rpcotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/rpc"
)

const scope = "github.com/desir-go/desir/rpcotel"

// Client returns an interceptor for [rpc.NewClient]. For each call it starts a span of
// kind client, as a child of the context's span, sends the trace context in the headers,
// and records the duration.
func Client(opts ...Option) rpc.Interceptor {
	s := newSettings(opts)
	side := newInstruments(s, "rpc.client.call.duration", "How long calls take.", trace.SpanKindClient)
	return func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		return side.record(ctx, call, func(ctx context.Context) error {
			s.headers.Inject(ctx, propagation.MapCarrier(call.Headers))
			return next(ctx)
		})
	}
}

// Server returns an interceptor for [rpc.NewServer] or for one handler. For each call it
// starts a span of kind server, as a child of the span in the headers, and records the
// duration.
func Server(opts ...Option) rpc.Interceptor {
	s := newSettings(opts)
	side := newInstruments(s, "rpc.server.call.duration", "How long handlers take.", trace.SpanKindServer)
	return func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		return side.record(s.headers.Extract(ctx, propagation.MapCarrier(call.Headers)), call, next)
	}
}

// instruments has the tracer and the histogram of one side of calls: the client's or the
// worker's.
type instruments struct {
	kind   trace.SpanKind
	tracer trace.Tracer
	took   metric.Float64Histogram
}

func newInstruments(s settings, name, description string, kind trace.SpanKind) *instruments {
	took, err := s.meters.Meter(scope).Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		// The conventional boundaries begin at 5 ms, which is much longer than most
		// calls.
		metric.WithExplicitBucketBoundaries(.00025, .0005, .001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10))
	if err != nil {
		otel.Handle(err)
		took = noop.Float64Histogram{}
	}
	return &instruments{kind: kind, tracer: s.tracers.Tracer(scope), took: took}
}

// record runs a call inside a span. A panic continues after the span has ended.
func (s *instruments) record(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
	name := call.Service + "/" + call.Method
	about := []attribute.KeyValue{semconv.RPCSystemNameKey.String("desir"), semconv.RPCMethod(name)}
	start := time.Now()
	ctx, span := s.tracer.Start(ctx, name, trace.WithSpanKind(s.kind), trace.WithAttributes(about...))
	err := errPanic
	defer func() {
		if err != nil {
			failed := s.errorAttributes(err)
			span.SetAttributes(failed...)
			if s.kind == trace.SpanKindClient || isServerFault(rpc.CodeOf(err)) {
				span.SetStatus(codes.Error, err.Error())
			}
			about = append(about, failed...)
		}
		// Inside the span, for exemplars.
		s.took.Record(ctx, time.Since(start).Seconds(), metric.WithAttributes(about...))
		span.End()
	}()
	err = next(ctx)
	return err
}

// errPanic is the error recorded for a handler that panicked.
var errPanic = rpc.Errorf(rpc.Internal, "the handler panicked")

// errorAttributes returns the attributes of an error. Their values are from a small set.
func (s *instruments) errorAttributes(err error) []attribute.KeyValue {
	_, isWorkerError := errors.AsType[*rpc.Error](err)
	if isWorkerError || s.kind == trace.SpanKindServer {
		code := rpc.CodeOf(err).String()
		return []attribute.KeyValue{semconv.RPCResponseStatusCode(code), semconv.ErrorTypeKey.String(code)}
	}
	return []attribute.KeyValue{semconv.ErrorTypeKey.String(kindOf(err))}
}

// kindOf names an error that did not come from a worker.
func kindOf(err error) string {
	for _, k := range []struct {
		err  error
		name string
	}{
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "deadline exceeded"},
		{rpc.ErrNoWorkers, "no workers"},
		{rpc.ErrOverloaded, "overloaded"},
		{desir.ErrMaybeRan, "maybe ran"},
		{desir.ErrUnavailable, "unavailable"},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// isServerFault reports whether a code indicates a problem of the worker rather than of
// the request.
func isServerFault(c rpc.Code) bool {
	switch c {
	case rpc.Unknown, rpc.DeadlineExceeded, rpc.Unimplemented, rpc.Internal, rpc.Unavailable, rpc.DataLoss:
		return true
	default:
		return false
	}
}
