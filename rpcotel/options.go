package rpcotel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Option is an option of [Client] and [Server].
type Option interface{ apply(*settings) }

type settings struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	headers propagation.TextMapPropagator
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// Tracers sets the tracer provider. The default is the global one.
func Tracers(p trace.TracerProvider) Option { return option(func(s *settings) { s.tracers = p }) }

// Meters sets the meter provider. The default is the global one.
func Meters(p metric.MeterProvider) Option { return option(func(s *settings) { s.meters = p }) }

// Propagator sets how the trace context is written to the headers of a call and read from
// them. The default is W3C Trace Context: the headers traceparent and tracestate.
func Propagator(p propagation.TextMapPropagator) Option {
	return option(func(s *settings) { s.headers = p })
}

func newSettings(opts []Option) settings {
	s := settings{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider(), headers: propagation.TraceContext{}}
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s
}
