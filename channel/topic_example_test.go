package channel_test

import (
	"context"
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
