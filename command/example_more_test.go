package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/desir-go/desir/command"
)

// A form shows which of its fields is wrong.
func ExampleArgError() {
	rdb, stop := start()
	defer stop()

	_, err := command.New(rdb).Do(context.Background(), "set", "greeting", "hello", "px", "soon")
	if wrong, ok := errors.AsType[*command.ArgError](err); ok {
		fmt.Println("argument", wrong.Pos, "of", wrong.Command, "must be", wrong.Want)
	}
	// Output: argument 3 of SET must be an integer for PX
}

// An HTTP handler passes the replies of commands on as JSON.
func ExampleReply_MarshalJSON() {
	rdb, stop := start()
	defer stop()
	ctx, r := context.Background(), command.New(rdb)

	for _, line := range []string{`rpush orders "two pears" figs`, "lrange orders 0 -1", "get none"} {
		reply, err := r.Line(ctx, line)
		if err != nil {
			log.Fatal(err)
		}
		text, err := json.Marshal(reply)
		fmt.Println(string(text), err)
	}
	// Output:
	// 2 <nil>
	// ["two pears","figs"] <nil>
	// null <nil>
}

// A transaction needs one connection for all its commands.
func ExampleSession() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	s, err := command.New(rdb, command.Allow("MULTI", "EXEC")).Session(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for _, args := range [][]any{{"multi"}, {"incrby", "from", -5}, {"incrby", "to", 5}, {"exec"}} {
		reply, err := s.Do(ctx, args...)
		fmt.Println(reply, err)
	}
	// Output:
	// OK <nil>
	// QUEUED <nil>
	// QUEUED <nil>
	// 1) (integer) -5
	// 2) (integer) 5 <nil>
}
