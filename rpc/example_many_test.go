package rpc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A shop asks for the prices of a whole basket. The calls share their commands, and each one
// has its own result.
func ExampleMethod_CallMany() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	price := rpc.NewMethod[string, int]("Price")
	worker := rpc.NewServer(redis.Client(), "prices")
	cents := map[string]int{"apples": 120, "bread": 350}
	price.Handle(worker, func(ctx context.Context, item string) (int, error) {
		if c, ok := cents[item]; ok {
			return c, nil
		}
		return 0, rpc.Errorf(rpc.NotFound, "there is no price of %s", item)
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	client := rpc.NewClient(redis.Client(), "prices")
	basket := []string{"apples", "unicorns", "bread"}
	results, err := price.CallMany(ctx, client, basket, rpc.Wait(10*time.Second))
	if err != nil {
		fmt.Println(err) // no call was made
		return
	}
	total := 0
	for i, r := range results {
		if r.Err != nil {
			fmt.Println(basket[i], "-", rpc.CodeOf(r.Err))
			continue
		}
		total += r.Value
	}
	fmt.Println("total:", total)
	// Output:
	// unicorns - not found
	// total: 470
}
