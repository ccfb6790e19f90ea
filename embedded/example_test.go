package embedded_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/desir-go/desir/embedded"
)

func ExampleServer() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	ctx := context.Background()
	rdb := server.Client()
	if err := rdb.Set(ctx, "session:ann", "cart 7", time.Hour).Err(); err != nil {
		log.Fatal(err)
	}
	cart, err := rdb.Get(ctx, "session:ann").Result()
	if err != nil {
		log.Fatal(err)
	}
	left, err := rdb.TTL(ctx, "session:ann").Result()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cart, left.Round(time.Minute))
	// Output: cart 7 1h0m0s
}
