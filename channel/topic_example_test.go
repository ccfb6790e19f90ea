package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/embedded"
)

type price struct {
	Article string
	Cents   int
}

func ExampleTopic() {
	srv, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	prices := channel.NewTopic[price](srv.Client(), "prices")
	sub, err := prices.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()

	n, err := prices.Publish(ctx, price{"apple", 35})
	fmt.Println("published to", n, err)
	for m, err := range sub.All(ctx) {
		if err != nil {
			fmt.Println(err) // a *GapError: ask for all prices again
			continue
		}
		fmt.Println(m.Topic, m.Value)
		break
	}
	// Output:
	// published to 1 <nil>
	// prices {apple 35}
}

func ExampleSub_Handle() {
	srv, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	orders := channel.NewPattern[string](srv.Client(), "orders.*")
	sub, err := orders.Subscribe(ctx, channel.Backlog(100, channel.DropNewest))
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()

	seen := make(chan bool)
	stop := sub.Handle(func(m channel.Message[string], err error) {
		fmt.Println(m.Topic, m.Value, err)
		seen <- true
	})
	for _, shop := range []string{"berlin", "paris"} {
		if _, err := channel.NewTopic[string](srv.Client(), "orders."+shop).Publish(ctx, "3 pears"); err != nil {
			log.Fatal(err)
		}
		<-seen
	}
	stop()
	// Output:
	// orders.berlin 3 pears <nil>
	// orders.paris 3 pears <nil>
}

// A monitor watches the temperatures of all rooms, also of rooms that are added later.
func ExamplePattern() {
	srv, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	rooms := channel.NewPattern[float64](srv.Client(), "temperature:*")
	sub, err := rooms.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()

	for _, r := range []struct { // in any process
		room    string
		celsius float64
	}{{"kitchen", 21.5}, {"cellar", 12}, {"server room", 41}} {
		topic := channel.NewTopic[float64](srv.Client(), "temperature:"+r.room)
		if _, err := topic.Publish(ctx, r.celsius); err != nil {
			log.Fatal(err)
		}
	}

	for m, err := range sub.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if m.Value > 40 {
			fmt.Println(m.Topic, "is too hot:", m.Value)
			break
		}
	}
	// Output: temperature:server room is too hot: 41
}

// A history records every price, and a slow display needs only the latest ones. The backlog of
// the display holds two messages, and a GapError reports how many were dropped.
func ExampleGapError() {
	srv, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	prices := channel.NewTopic[int](srv.Client(), "price")
	display, err := prices.Subscribe(ctx, channel.Backlog(2, channel.DropOldest))
	if err != nil {
		log.Fatal(err)
	}
	defer display.Close()
	history, err := prices.Subscribe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer history.Close()

	for _, cents := range []int{100, 101, 103, 102, 99} {
		if _, err := prices.Publish(ctx, cents); err != nil {
			log.Fatal(err)
		}
	}
	var all []int
	for m, err := range history.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if all = append(all, m.Value); len(all) == 5 {
			break
		}
	}
	fmt.Println("history:", all)
	for m, err := range display.All(ctx, channel.Idle(0)) {
		gap, missed := errors.AsType[*channel.GapError](err)
		switch {
		case missed:
			fmt.Println("display: skipped", gap.Missed)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("display:", m.Value)
		}
	}
	// Output:
	// history: [100 101 103 102 99]
	// display: skipped 3
	// display: 102
	// display: 99
}
