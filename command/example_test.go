package command_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/embedded"
)

// start returns a client of an in-process Redis. A program would use desir.Open, or its
// own client.
func start() (rdb redis.UniversalClient, stop func()) {
	s, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	return s.Client(), func() { _ = s.Close() }
}

func ExampleRunner() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	r := command.New(rdb)
	fmt.Println(r.Line(ctx, `rpush orders "two pears" figs`))
	fmt.Println(r.Do(ctx, "set", "greeting", "hello"))
	fmt.Println(r.Line(ctx, "keys *"))
	fmt.Println(r.Line(ctx, "type orders"))

	_, err := r.Line(ctx, "rpop greeting")
	fmt.Println(errors.Is(err, desir.ErrWrongType), err)
	fmt.Println(r.Line(ctx, "rpop orders"))

	// These are refused before they are sent.
	_, err = r.Line(ctx, "set greeting hi EX soon")
	fmt.Println(err)
	_, err = r.Line(ctx, "flushall")
	fmt.Println(err)
	_, err = r.Line(ctx, "hgetal greeting")
	fmt.Println(err)
	// Output:
	// (integer) 2 <nil>
	// OK <nil>
	// 1) "greeting"
	// 2) "orders" <nil>
	// list <nil>
	// true command.RPOP greeting: the key holds a value of another type: WRONGTYPE Operation against a key holding the wrong kind of value
	// figs <nil>
	// command.SET: SET: argument 4: want an integer for EX; usage: SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]
	// command.FLUSHALL: not allowed: denied by default; Allow("FLUSHALL") lets it through
	// command.Do: unknown command HGETAL; did you mean HGETALL, HGET?; checked against the commands of Redis 7.0.15; for newer commands and options use command.Load or LoadOnDemand
}

func ExampleRun() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	type Cart struct {
		Owner string `redis:"owner"`
		Items int    `redis:"items"`
	}
	r := command.New(rdb)
	_, _, err := command.Run[int](ctx, r, "HSET", "cart:7", "owner", "Ada", "items", 3)
	if err != nil {
		log.Fatal(err)
	}
	cart, ok, err := command.Run[Cart](ctx, r, "HGETALL", "cart:7")
	fmt.Println(cart, ok, err)
	_, ok, err = command.Run[string](ctx, r, "GET", "cart:8")
	fmt.Println(ok, err)
	// Output:
	// {Ada 3} true <nil>
	// false <nil>
}

func ExampleBuiltin() {
	rpop, _ := command.Builtin().Lookup("rpop")
	fmt.Print(rpop.Help())
	// Output:
	// RPOP key [count]
	//
	// arguments:
	//   key              key
	//   count            integer, optional, since 6.2.0
	//
	// facts:
	//   group            list
	//   since            1.0.0
	//   complexity       O(N)
	//   flags            write fast
	//   categories       @write @list @fast
}

func ExampleLoad() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	// A server without COMMAND DOCS, such as the embedded one, gives the built-in table.
	spec, err := command.Load(ctx, rdb)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spec.Product, spec.Version)

	r := command.New(rdb, command.Specification(spec))
	n, _, err := command.Run[int](ctx, r, "SADD", "fruit", "fig", "pear")
	fmt.Println(n, err)
	// Output:
	// Redis 7.0.15
	// 2 <nil>
}

func ExampleSpec_Lookup() {
	spec := command.Builtin()
	get, ok := spec.Lookup("config get")
	fmt.Println(get.Name, ok)
	fmt.Println(get.Usage())
	fmt.Println(get.Retryable(), get.Blocking())
	_, ok = spec.Lookup("hgetal")
	fmt.Println(ok)
	// Output:
	// CONFIG GET true
	// CONFIG GET parameter [parameter ...]
	// true false
	// false
}

func ExampleCommand_Check() {
	zadd, _ := command.Builtin().Lookup("zadd")
	fmt.Println(zadd.Check("scores", "GT", 17, "ada"))
	err := zadd.Check("scores", "GT", "seventeen", "ada")
	if wrong, ok := errors.AsType[*command.ArgError](err); ok {
		fmt.Println(wrong.Pos, wrong.Want)
	}
	fmt.Println(zadd.Keys("scores", "GT", 17, "ada"))
	// Output:
	// <nil>
	// 2 a number for score
	// [scores] <nil>
}
