package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/rpc"
)

// A dashboard lists what a service offers, and calls a method that it learned of at run time.
func ExampleClient() {
	redis, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	ctx, rdb := context.Background(), redis.Client()
	type Point struct{ X, Y int }
	mirror := rpc.NewMethod[Point, Point]("Mirror", rpc.Doc("swaps the coordinates"))
	worker := rpc.NewServer(rdb, "geometry")
	mirror.Handle(worker, func(_ context.Context, p Point) (Point, error) { return Point{p.Y, p.X}, nil })
	go worker.Run(ctx)

	client := rpc.NewClient(rdb, "geometry")
	for first := time.Now(); time.Since(first) < 10*time.Second; {
		if _, err := client.Ping(ctx); err == nil {
			break // a worker is there
		}
	}
	methods, err := client.Methods(ctx)
	for _, m := range methods {
		fmt.Println(m.Name, "-", m.Doc, err)
	}
	raw, err := client.Invoke(ctx, "Mirror", map[string]int{"X": 1, "Y": 2})
	fmt.Println(err, desir.Close(ctx, rdb))
	text, err := json.Marshal(raw)
	fmt.Println(string(text), err)
	// Output:
	// Mirror - swaps the coordinates <nil>
	// <nil> <nil>
	// {"X":2,"Y":1} <nil>
}

// A gateway passes a result on as JSON, or decodes the part of it that it needs.
func ExampleRaw_Decode() {
	redis, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	ctx, rdb := context.Background(), redis.Client()
	type User struct {
		Name  string
		Email string
	}
	find := rpc.NewMethod[int, User]("Find")
	worker := rpc.NewServer(rdb, "users")
	find.Handle(worker, func(_ context.Context, id int) (User, error) { return User{"Ada", "ada@example.org"}, nil })
	go worker.Run(ctx)

	client := rpc.NewClient(rdb, "users")
	if _, err := find.Call(ctx, client, 7, rpc.Wait(10*time.Second)); err != nil {
		log.Fatal(err)
	}
	raw, err := client.Invoke(ctx, "Find", 7)
	if err != nil {
		log.Fatal(err)
	}
	var part struct{ Name string }
	fmt.Println(raw.Decode(&part), part.Name, desir.Close(ctx, rdb))
	// Output: <nil> Ada <nil>
}

// A handler adds details to its error, and the caller reads them.
func ExampleError_With() {
	redis, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	ctx, rdb := context.Background(), redis.Client()
	reserve := rpc.NewMethod[int, bool]("Reserve")
	worker := rpc.NewServer(rdb, "seats")
	reserve.Handle(worker, func(_ context.Context, n int) (bool, error) {
		e := &rpc.Error{Code: rpc.FailedPrecondition, Message: "too few seats"}
		return false, e.With("free", "3")
	})
	go worker.Run(ctx)

	_, err = reserve.Call(ctx, rpc.NewClient(rdb, "seats"), 5, rpc.Wait(10*time.Second))
	if e, ok := errors.AsType[*rpc.Error](err); ok {
		fmt.Println(e.Code, "-", e.Message, "- free:", e.Details["free"])
	}
	fmt.Println(desir.Close(ctx, rdb))
	// Output:
	// failed precondition - too few seats - free: 3
	// <nil>
}
