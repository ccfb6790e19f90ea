package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// StockError is an error with fields. Both sides register it.
type StockError struct {
	Item string
	Left int
}

func (e *StockError) Error() string { return fmt.Sprintf("only %d of %s left", e.Left, e.Item) }

func init() { rpc.RegisterErrorType[*StockError]("shop.StockError") }

// A handler returns an error of a registered type. The caller finds it with errors.As and can
// use its fields.
func ExampleRegisterErrorType() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	buy := rpc.NewMethod[int, int]("Buy")
	worker := rpc.NewServer(redis.Client(), "stock")
	buy.Handle(worker, func(ctx context.Context, n int) (int, error) {
		if n > 3 {
			return 0, fmt.Errorf("buy: %w", &StockError{Item: "pears", Left: 3})
		}
		return n, nil
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	client := rpc.NewClient(redis.Client(), "stock")
	bought, err := buy.Call(ctx, client, 5, rpc.Wait(10*time.Second))
	if short, ok := errors.AsType[*StockError](err); ok {
		bought, err = buy.Call(ctx, client, short.Left)
	}
	fmt.Println(bought, err)
	// Output:
	// 3 <nil>
}
