package channel_test

import (
	"context"
	"fmt"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/counter"
)

// A job is sent and counted in one step.
func ExampleChanTx() {
	s := start()
	defer s.Close()
	ctx := context.Background()

	jobs := channel.NewChan[string](s.Client(), "{jobs}", channel.Buffer(1))
	sent := counter.New(s.Client(), "{jobs}:sent")
	send := func(job string) error {
		return desir.Atomic(ctx, s.Client(), func(tx *desir.Tx) error {
			jobs.In(tx).Send(job)
			sent.In(tx).Add(1)
			return nil
		})
	}
	fmt.Println(send("wash"))
	fmt.Println(send("dry")) // there is no room
	n, _ := sent.Value(ctx)
	fmt.Println(n)
	// Output:
	// <nil>
	// desir.Atomic {jobs}: channel.Chan.Send: full
	// 1
}
