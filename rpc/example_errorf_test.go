package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A handler returns an error with a code and a detail, and the caller decides by them.
func ExampleErrorf() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	transfer := rpc.NewMethod[int, int]("Transfer")
	worker := rpc.NewServer(redis.Client(), "bank")
	transfer.Handle(worker, func(ctx context.Context, cents int) (int, error) {
		const balance = 500
		if cents > balance {
			err := &rpc.Error{Code: rpc.FailedPrecondition, Message: "the balance is too low"}
			return 0, err.With("balance", fmt.Sprint(balance))
		}
		if cents <= 0 {
			return 0, rpc.Errorf(rpc.InvalidArgument, "cannot transfer %d cents", cents)
		}
		return balance - cents, nil
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	client := rpc.NewClient(redis.Client(), "bank")
	for _, cents := range []int{200, -1, 900} {
		rest, err := transfer.Call(ctx, client, cents, rpc.Wait(10*time.Second))
		e, failed := errors.AsType[*rpc.Error](err)
		switch {
		case !failed:
			fmt.Println(rest, err)
		case e.Code == rpc.FailedPrecondition:
			fmt.Println("at most", e.Details["balance"])
		default:
			fmt.Println(e.Code, "-", e.Message)
		}
	}
	// Output:
	// 300 <nil>
	// invalid argument - cannot transfer -1 cents
	// at most 500
}
