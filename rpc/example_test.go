package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// Add is the method that the calculator and its callers share.
var Add = rpc.NewMethod[[]int, int]("Add", rpc.Doc("adds numbers"))

// A worker adds numbers. A client calls it, also as a plain function.
func Example() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx, rdb := context.Background(), redis.Client()

	// The worker, in this process or in any other:
	worker := rpc.NewServer(rdb, "calculator")
	Add.Handle(worker, func(ctx context.Context, numbers []int) (int, error) {
		if len(numbers) == 0 {
			return 0, rpc.Errorf(rpc.InvalidArgument, "there is nothing to add")
		}
		sum := 0
		for _, n := range numbers {
			sum += n
		}
		return sum, nil
	})
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx) }()

	// The caller:
	client := rpc.NewClient(rdb, "calculator")
	// The worker may not have started yet.
	fmt.Println(Add.Call(ctx, client, []int{1, 2}, rpc.Wait(10*time.Second)))

	// The same calls as functions:
	var api struct {
		Add   func(ctx context.Context, numbers ...int) (int, error)
		Words func(ctx context.Context, words ...string) (int, error) `rpc:"Add"`
	}
	if err := rpc.Bind(client, &api); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(api.Add(ctx, 10, 20, 30, 40, 50))
	_, err = api.Add(ctx)
	if e, ok := errors.AsType[*rpc.Error](err); ok { // a worker returned it
		fmt.Println(e.Code, "-", e.Message)
	}
	_, err = api.Words(ctx, "ten", "twenty")
	if e, ok := errors.AsType[*rpc.Error](err); ok {
		fmt.Println(e.Code, "-", e.Message)
	}

	fmt.Println(worker.Shutdown(ctx), <-ended)
	_, err = api.Add(ctx, 1)
	fmt.Println(errors.Is(err, rpc.ErrNoWorkers))
	// Output:
	// 3 <nil>
	// 150 <nil>
	// invalid argument - there is nothing to add
	// invalid argument - the types of the method are [int]>int, and the caller has [text]>int
	// <nil> <nil>
	// true
}

// ErrSoldOut is registered under the same name on both sides.
var ErrSoldOut = errors.New("sold out")

// Errors keep their identity on the way to the caller, if both sides know them.
func ExampleRegisterError() {
	rpc.RegisterError("shop.ErrSoldOut", ErrSoldOut)
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx, stop := context.WithCancel(context.Background())

	order := rpc.NewMethod[string, int]("Order")
	worker := rpc.NewServer(redis.Client(), "shop")
	order.Handle(worker, func(ctx context.Context, item string) (int, error) {
		if item == "unicorn" {
			return 0, fmt.Errorf("%s: %w", item, fs.ErrNotExist)
		}
		return 0, fmt.Errorf("%s: %w", item, ErrSoldOut)
	})
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx) }()

	client := rpc.NewClient(redis.Client(), "shop")
	_, err = order.Call(ctx, client, "pears", rpc.Wait(10*time.Second))
	fmt.Println(errors.Is(err, ErrSoldOut), rpc.CodeOf(err))
	_, err = order.Call(ctx, client, "unicorn")
	fmt.Println(errors.Is(err, fs.ErrNotExist), rpc.CodeOf(err))
	stop()
	fmt.Println(<-ended)
	// Output:
	// true unknown
	// true not found
	// <nil>
}
