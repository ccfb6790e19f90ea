package channel_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/desir-go/desir/channel"
)

func ExampleMailbox() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	ada := channel.NewMailbox[string](s.Client(), "ada")
	bob := channel.NewMailbox[string](s.Client(), "bob") // in any process
	if err := bob.Send(ctx, "ada", "tea at four?"); err != nil {
		log.Fatal(err)
	}
	l, err := ada.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", l.From, l.Value)
	if err := l.Reply(ctx, "with pleasure"); err != nil {
		log.Fatal(err)
	}
	for l, err := range bob.All(ctx, channel.Idle(0)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", l.From, l.Value)
	}
	// Output:
	// bob: tea at four?
	// ada: with pleasure
}

func ExampleMailbox_Receive() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	type Job struct {
		Kind string
		Size int
	}
	desk := channel.NewMailbox[Job](s.Client(), "desk")
	for _, j := range []Job{{"print", 3}, {"copy", 1}, {"print", 5}} {
		if err := desk.Send(ctx, "desk", j); err != nil {
			log.Fatal(err)
		}
	}
	copies := func(l channel.Letter[Job]) bool { return l.Value.Kind == "copy" }
	l, err := desk.Receive(ctx, copies)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("first:", l.Value)
	for l, err := range desk.All(ctx, channel.Idle(0)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("then:", l.Value)
	}
	// Output:
	// first: {copy 1}
	// then: {print 3}
	// then: {print 5}
}

func ExampleMailbox_Ask() {
	s := start()
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	go func() { // in any process
		for l, err := range channel.NewMailbox[int](s.Client(), "doubler").All(ctx) {
			if err != nil {
				return
			}
			if err := l.Reply(ctx, 2*l.Value); err != nil {
				log.Print(err)
			}
		}
	}()
	reply, err := channel.NewMailbox[int](s.Client(), "me").Ask(ctx, "doubler", 21)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Value, "from", reply.From)
	// Output: 42 from doubler
}

// A warehouse confirms each order to the shop that has sent it.
func ExampleLetter_Reply() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	shops := []*channel.Mailbox[string]{
		channel.NewMailbox[string](s.Client(), "berlin"),
		channel.NewMailbox[string](s.Client(), "paris"),
	}
	for _, shop := range shops { // in any process
		if err := shop.Send(ctx, "warehouse", "3 chairs"); err != nil {
			log.Fatal(err)
		}
	}

	warehouse := channel.NewMailbox[string](s.Client(), "warehouse")
	for order, err := range warehouse.All(ctx, channel.Idle(0)) {
		if err != nil {
			log.Fatal(err)
		}
		if err := order.Reply(ctx, order.Value+" are on the way to "+order.From); err != nil {
			log.Fatal(err)
		}
	}

	for _, shop := range shops {
		confirmation, err := shop.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", confirmation.From, confirmation.Value)
	}
	// Output:
	// warehouse: 3 chairs are on the way to berlin
	// warehouse: 3 chairs are on the way to paris
}
