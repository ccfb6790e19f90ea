package rpc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A page needs two independent results. Both calls are in flight at the same time, and the
// context bounds them together.
func ExamplePending() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()

	weather := rpc.NewMethod[string, string]("Weather")
	visitors := rpc.NewMethod[string, int]("Visitors")
	worker := rpc.NewServer(redis.Client(), "city")
	weather.Handle(worker, func(ctx context.Context, city string) (string, error) { return "sunny", nil })
	visitors.Handle(worker, func(ctx context.Context, city string) (int, error) { return 1200, nil })
	go worker.Run(ctx)
	defer worker.Shutdown(context.Background())

	client := rpc.NewClient(redis.Client(), "city")
	sky := weather.Go(ctx, client, "Oslo", rpc.Wait(10*time.Second))
	crowd := visitors.Go(ctx, client, "Oslo", rpc.Wait(10*time.Second))

	fmt.Println(sky.Wait(ctx))
	fmt.Println(crowd.Wait(ctx))
	// Output:
	// sunny <nil>
	// 1200 <nil>
}
