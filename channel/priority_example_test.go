package channel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/desir-go/desir/channel"
)

func ExamplePriorityQueue() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	const urgent, normal, whenever = 0, 5, 9
	repairs := channel.NewPriorityQueue[string](s.Client(), "repairs")
	for _, r := range []struct {
		what     string
		priority int
	}{
		{"paint the fence", whenever}, {"mend the chair", normal}, {"stop the leak", urgent}, {"oil the door", normal},
	} {
		if err := repairs.Push(ctx, r.what, r.priority); err != nil {
			log.Fatal(err)
		}
	}
	for {
		what, ok, err := repairs.TryPop(ctx) // Pop waits for the next one
		if err != nil {
			log.Fatal(err)
		}
		if !ok {
			break
		}
		fmt.Println(what)
	}
	// Output:
	// stop the leak
	// mend the chair
	// oil the door
	// paint the fence
}
