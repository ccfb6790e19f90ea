package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// Shorten and Resolve are the methods of a service that shortens links.
var (
	Shorten = rpc.NewMethod[string, string]("Shorten", rpc.Doc("returns a short code for a URL"))
	Resolve = rpc.NewMethod[string, string]("resolve", rpc.Doc("returns the URL of a code"))
)

// Links is the service as its clients use it.
type Links struct {
	Shorten func(ctx context.Context, url string) (string, error)
	Resolve func(ctx context.Context, code string) (string, error) `rpc:"resolve"`
}

// A client binds the methods of a service to the functions of a struct. The code that uses the
// struct does not depend on package rpc, and a test can set the functions itself.
func ExampleBind() {
	redis, err := embedded.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	ctx := context.Background()

	urls := map[string]string{"docs": "https://example.com/docs"}
	worker := rpc.NewServer(redis.Client(), "links")
	Resolve.Handle(worker, func(ctx context.Context, code string) (string, error) {
		if url, ok := urls[code]; ok {
			return url, nil
		}
		return "", rpc.Errorf(rpc.NotFound, "there is no link %q", code)
	})
	go worker.Run(ctx)
	defer worker.Shutdown(ctx)

	client := rpc.NewClient(redis.Client(), "links")
	if _, err := Resolve.Call(ctx, client, "docs", rpc.Wait(10*time.Second)); err != nil {
		fmt.Println(err) // the worker did not start
		return
	}
	var links Links
	if err := rpc.Bind(client, &links); err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(links.Resolve(ctx, "docs"))
	_, err = links.Resolve(ctx, "blog")
	fmt.Println(rpc.CodeOf(err))
	_, err = links.Shorten(ctx, "https://example.com")
	fmt.Println(errors.Is(err, rpc.ErrUnknownMethod)) // this worker has no such method
	// Output:
	// https://example.com/docs <nil>
	// not found
	// true
}
