package rpcotel_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
	"github.com/desir-go/desir/rpcotel"
)

var do = rpc.NewMethod[string, string]("Do")

// world is a worker and a client with instrumentation.
type world struct {
	client *rpc.Client
	spans  *tracetest.InMemoryExporter
	meter  *sdkmetric.ManualReader
	tracer trace.Tracer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	redis, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	w := &world{spans: tracetest.NewInMemoryExporter(), meter: sdkmetric.NewManualReader()}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans))
	w.tracer = tracers.Tracer("test")
	opts := []rpcotel.Option{rpcotel.Tracers(tracers), rpcotel.Meters(sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.meter)))}
	server := rpc.NewServer(redis.Client(), "calc", rpc.Intercept(rpcotel.Server(opts...)))
	do.Handle(server, func(ctx context.Context, what string) (string, error) {
		switch what {
		case "fail":
			return "", errors.New("secret of the worker")
		case "refuse":
			return "", rpc.Errorf(rpc.NotFound, "no such thing")
		case "panic":
			panic("at the disco")
		}
		return trace.SpanContextFromContext(ctx).TraceID().String(), nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	w.client = rpc.NewClient(redis.Client(), "calc", rpc.Intercept(rpcotel.Client(opts...)))
	if _, err := do.Call(t.Context(), rpc.NewClient(redis.Client(), "calc"), "", rpc.Wait(20*time.Second)); err != nil {
		t.Fatal(err)
	}
	w.spans.Reset()
	return w
}

// seen returns the spans of the two sides since the last call of seen.
func (w *world) seen(t *testing.T) (client, server tracetest.SpanStub) {
	t.Helper()
	for _, s := range w.spans.GetSpans() {
		switch s.SpanKind {
		case trace.SpanKindClient:
			client = s
		case trace.SpanKindServer:
			server = s
		}
	}
	w.spans.Reset()
	return client, server
}

func has(s tracetest.SpanStub, key, value string) bool {
	return slices.Contains(s.Attributes, attribute.String(key, value))
}

// TestTrace follows a trace through a call.
func TestTrace(t *testing.T) {
	w := newWorld(t)
	ctx, parent := w.tracer.Start(t.Context(), "parent")
	got, err := do.Call(ctx, w.client, "go")
	parent.End()
	if id := parent.SpanContext().TraceID(); err != nil || got != id.String() {
		t.Errorf("the handler runs in the trace %s, %v; want %s", got, err, id)
	}
	client, server := w.seen(t)
	if client.Parent.SpanID() != parent.SpanContext().SpanID() || server.Parent.SpanID() != client.SpanContext.SpanID() || !server.Parent.IsRemote() {
		t.Errorf("the worker's span is under %v, the client's %v under %v", server.Parent, client.SpanContext, client.Parent)
	}
	for _, s := range []tracetest.SpanStub{client, server} {
		if s.Name != "calc/Do" || !has(s, "rpc.method", "calc/Do") || !has(s, "rpc.system.name", "desir") || len(s.Attributes) != 2 || s.Status.Code != codes.Unset {
			t.Errorf("a span says %+v", s)
		}
	}
}

// TestErrors checks what is recorded for failed calls.
func TestErrors(t *testing.T) {
	w := newWorld(t)
	for what, tt := range map[string]struct {
		kind   string
		worker codes.Code
	}{
		"fail":   {"unknown", codes.Error},
		"refuse": {"not found", codes.Unset},
		"panic":  {"internal", codes.Error},
	} {
		if _, err := do.Call(t.Context(), w.client, what); err == nil {
			t.Errorf("%s: no error", what)
		}
		client, server := w.seen(t)
		if client.Status.Code != codes.Error || server.Status.Code != tt.worker {
			t.Errorf("%s: the status is %v, and %v at the worker; want an error, and %v", what, client.Status, server.Status, tt.worker)
		}
		for _, s := range []tracetest.SpanStub{client, server} {
			if !has(s, "error.type", tt.kind) || !has(s, "rpc.response.status_code", tt.kind) {
				t.Errorf("%s: a span says %v", what, s.Attributes)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := do.Call(ctx, w.client, "go"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if client, server := w.seen(t); !has(client, "error.type", "canceled") || len(client.Attributes) != 3 || server.Name != "" {
		t.Errorf("canceled: %v, %v", client.Attributes, server.Attributes)
	}
	if _, err := rpc.NewMethod[int, int]("Nothing").Call(t.Context(), w.client, 1); !errors.Is(err, rpc.ErrUnknownMethod) {
		t.Errorf("unknown: %v", err)
	}
	if client, server := w.seen(t); !has(client, "error.type", "unimplemented") || server.Name != "" {
		t.Errorf("unknown: %v, %v", client.Attributes, server.Attributes)
	}
}

// TestDurations checks the counts of the histograms.
func TestDurations(t *testing.T) {
	w := newWorld(t)
	for _, what := range []string{"go", "go", "fail"} {
		_, _ = do.Call(t.Context(), w.client, what) // one of them fails
	}
	var all metricdata.ResourceMetrics
	if err := w.meter.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
				kind, _ := p.Attributes.Value("error.type")
				counts[m.Name+" "+m.Unit+" "+kind.AsString()] += p.Count
				if p.Sum <= 0 || p.Sum > 60 {
					t.Errorf("%s: %v seconds", m.Name, p.Sum)
				}
			}
		}
	}
	for name, want := range map[string]uint64{
		"rpc.client.call.duration s ": 2, "rpc.client.call.duration s unknown": 1,
		// Includes the call of the client without instrumentation.
		"rpc.server.call.duration s ": 3, "rpc.server.call.duration s unknown": 1,
	} {
		if counts[name] != want {
			t.Errorf("%q has counted %d; want %d", name, counts[name], want)
		}
	}
}
