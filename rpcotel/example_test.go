package rpcotel_test

import (
	"context"
	"fmt"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
	"github.com/desir-go/desir/rpcotel"
)

// Both sides of a service record spans. The worker's span is a child of the client's, so a
// trace follows a request through the service. A program exports the spans over OTLP; this
// one keeps them in memory.
func Example() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()
	spans := tracetest.NewInMemoryExporter()
	traces := rpcotel.Tracers(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	price := rpc.NewMethod[string, int]("Price")
	worker := rpc.NewServer(redis.Client(), "shop", rpc.Intercept(rpcotel.Server(traces)))
	price.Handle(worker, func(ctx context.Context, item string) (int, error) { return 120, nil })
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	client := rpc.NewClient(redis.Client(), "shop", rpc.Intercept(rpcotel.Client(traces)))
	fmt.Println(price.Call(ctx, client, "pears", rpc.Wait(10*time.Second)))

	recorded := spans.GetSpans() // in the order in which they ended
	inside, outside := recorded[0], recorded[1]
	fmt.Println(outside.SpanKind, outside.Name)
	fmt.Println(inside.SpanKind, inside.Name)
	fmt.Println("one trace:", inside.Parent.SpanID() == outside.SpanContext.SpanID())
	// Output:
	// 120 <nil>
	// client shop/Price
	// server shop/Price
	// one trace: true
}
