package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/embedded"
)

func start() *embedded.Server {
	s, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	return s
}

func ExampleChan() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	type Order struct {
		Item  string
		Count int
	}
	orders := channel.NewChan[Order](s.Client(), "orders")
	if err := orders.Send(ctx, Order{"tea", 2}); err != nil {
		log.Fatal(err)
	}
	o, err := orders.Recv(ctx) // in any process
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(o.Count, o.Item)
	// Output: 2 tea
}

func ExampleChan_All() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	jobs := channel.NewChan[string](s.Client(), "jobs")
	if _, err := jobs.SendMany(ctx, "wash", "dry", "fold"); err != nil {
		log.Fatal(err)
	}
	if err := jobs.Close(ctx); err != nil {
		log.Fatal(err)
	}
	for job, err := range jobs.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(job)
	}
	// Output:
	// wash
	// dry
	// fold
}

func ExampleBuffer() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	desk := channel.NewChan[string](s.Client(), "desk", channel.Buffer(2))
	for _, letter := range []string{"a bill", "a card", "an offer"} {
		sent, err := desk.TrySend(ctx, letter)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(letter, sent)
	}
	if err := desk.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(desk.Send(ctx, "a last one"), desir.ErrClosed))
	// Output:
	// a bill true
	// a card true
	// an offer false
	// true
}

// A worker adds up many small values. Prefetch saves a round trip for each of them. When the
// worker stops early, the values it has prefetched go back.
func ExamplePrefetch() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	weights := channel.NewChan[int](s.Client(), "weights")
	if _, err := weights.SendMany(ctx, 20, 30, 45, 10, 5); err != nil {
		log.Fatal(err)
	}
	load := 0
	for w, err := range weights.All(ctx, channel.Prefetch(100)) {
		if err != nil {
			log.Fatal(err)
		}
		if load += w; load >= 90 {
			break
		}
	}
	left, err := weights.Len(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("loaded", load, "kg,", left, "parcels left")
	// Output: loaded 95 kg, 2 parcels left
}
