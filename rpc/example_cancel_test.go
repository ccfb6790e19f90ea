package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A caller gives up while the handler runs. The handler's context ends too. The caller
// learns that the call may have run, so it must not blindly repeat it.
func ExampleMethod_Call() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	render := rpc.NewMethod[string, string]("Render")
	started, stopped := make(chan struct{}), make(chan error, 1)
	worker := rpc.NewServer(redis.Client(), "videos")
	render.Handle(worker, func(ctx context.Context, name string) (string, error) {
		close(started)
		<-ctx.Done() // a handler of a long job checks its context
		stopped <- ctx.Err()
		return "", ctx.Err()
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	request, giveUp := context.WithCancel(ctx)
	go func() {
		<-started
		giveUp()
	}()
	client := rpc.NewClient(redis.Client(), "videos")
	_, err = render.Call(request, client, "holiday", rpc.Wait(10*time.Second))
	fmt.Println(errors.Is(err, desir.ErrMaybeRan), errors.Is(err, context.Canceled))
	fmt.Println("handler:", <-stopped)
	// Output:
	// true true
	// handler: context canceled
}
