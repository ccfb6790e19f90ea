package rpc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A worker stops gracefully: Run takes no more calls, and returns when the running handlers have
// ended and their results are delivered. In a program, the context comes from signal.NotifyContext.
func ExampleServer() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	report := rpc.NewMethod[int, string]("Report")
	started := make(chan struct{})
	worker := rpc.NewServer(redis.Client(), "reports", rpc.Concurrency(4), rpc.Grace(10*time.Second))
	report.Handle(worker, func(ctx context.Context, year int) (string, error) {
		close(started)
		select {
		case <-time.After(50 * time.Millisecond): // the work
			return fmt.Sprintf("the report of %d", year), nil
		case <-ctx.Done(): // the caller gave up, or the grace period has ended
			return "", context.Cause(ctx)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()

	client := rpc.NewClient(redis.Client(), "reports")
	call := report.Go(context.Background(), client, 2025, rpc.Wait(10*time.Second))
	<-started
	stop()
	fmt.Println("Run returned", <-ended)
	fmt.Println(call.Wait(context.Background()))
	// Output:
	// Run returned <nil>
	// the report of 2025 <nil>
}
