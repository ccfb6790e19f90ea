package counter_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
)

// start returns a client of an in-process Redis. A program would use desir.Open or
// its existing client.
func start() (rdb redis.UniversalClient, stop func()) {
	s, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	return s.Client(), func() { _ = s.Close() }
}

func ExampleCounter() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	visits := counter.New(rdb, "visits:home")
	n, err := visits.Add(ctx, 3)
	fmt.Println(n, err)

	// The event is delivered twice and counted once.
	for range 2 {
		n, applied, err := visits.AddOnce(ctx, "event 4711", 1)
		fmt.Println(n, applied, err)
	}
	// Output:
	// 3 <nil>
	// 4 true <nil>
	// 4 false <nil>
}

// With a token, a call whose reply is lost can be retried without counting twice.
func ExampleCounter_AddOnce() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	sold := counter.New(rdb, "sold:pears")
	redistest.LoseReply(rdb) // the connection breaks after the server has added 3
	n, applied, err := sold.AddOnce(ctx, "receipt 4711", 3)
	for errors.Is(err, desir.ErrMaybeRan) {
		n, applied, err = sold.AddOnce(ctx, "receipt 4711", 3)
	}
	fmt.Println(n, applied, err) // the first call has added 3, this call nothing
	// Output: 3 false <nil>
}

func ExampleCounter_Numbers() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	invoices := counter.New(rdb, "invoices", counter.Start(20260))
	orders := []string{"pears", "figs"}
	for n, err := range invoices.Numbers(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("invoice", n, "for", orders[0])
		if orders = orders[1:]; len(orders) == 0 {
			break // the next loop, in this process or another, continues at 20263
		}
	}
	// Output:
	// invoice 20261 for pears
	// invoice 20262 for figs
}

func ExampleIDs() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	ids := counter.NewIDs(rdb, "orders", 100) // one command reserves 100 numbers
	for range 3 {
		id, err := ids.Next(ctx)
		fmt.Println(id, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

func ExampleBounded() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	seats := counter.NewBounded(rdb, "seats:hall 3", 0, 100)
	if err := seats.Set(ctx, 3); err != nil {
		log.Fatal(err)
	}
	for _, party := range []int64{2, 2, 1} {
		left, err := seats.Add(ctx, -party)
		if errors.Is(err, counter.ErrBound) {
			fmt.Println("no room for", party, "with", left, "left")
			continue
		}
		fmt.Println(party, "seated,", left, "left", err)
	}
	// Output:
	// 2 seated, 1 left <nil>
	// no room for 2 with 1 left
	// 1 seated, 0 left <nil>
}

func ExampleWindow() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	attempts := counter.NewWindow(rdb, "logins:ada", time.Hour)
	for range 4 {
		ok, err := attempts.Allow(ctx, 3) // at most three in any hour
		fmt.Println(ok, err)
	}
	// Output:
	// true <nil>
	// true <nil>
	// true <nil>
	// false <nil>
}

func ExampleSharded() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	likes := counter.NewSharded(rdb, "likes", 12)
	for range 100 {
		if err := likes.Add(ctx, 1); err != nil {
			log.Fatal(err)
		}
	}
	n, err := likes.Value(ctx)
	fmt.Println(n, err)
	// Output: 100 <nil>
}
