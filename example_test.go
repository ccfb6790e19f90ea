package desir_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// start returns a client of an in-process Redis. A program would use desir.Open or its
// existing client.
func start() (rdb redis.UniversalClient, stop func()) {
	s, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	return s.Client(), func() { _ = s.Close() }
}

// A program opens one client and creates all objects from it.
func ExampleOpen() {
	server, err := embedded.Start() // stands for your Redis
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	rdb, err := desir.Open(ctx, "redis://"+server.Addr()+"/3?pool_size=20")
	if err != nil {
		log.Fatal(err) // the error says what is wrong and never shows a password
	}
	defer desir.Close(ctx, rdb)

	stock := collections.NewMap[string, int](rdb, "stock")
	if err := stock.Set(ctx, "pears", 12); err != nil {
		log.Fatal(err)
	}
	n, ok, err := stock.Get(ctx, "pears")
	fmt.Println(n, ok, err)
	// Output: 12 true <nil>
}

// At shutdown Close ends the receivers and waits for calls in flight.
func ExampleClose() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	jobs := channel.NewChan[string](rdb, "jobs")
	handled, ended := make(chan string), make(chan error)
	go func() {
		for job, err := range jobs.All(ctx) {
			if err != nil {
				ended <- err
				return
			}
			handled <- job
		}
	}()
	if err := jobs.Send(ctx, "paint the fence"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-handled)

	// The program receives a signal to stop.
	shutdown, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	closing := make(chan error)
	go func() { closing <- desir.Close(shutdown, rdb) }()
	fmt.Println("the receiver ended with ErrClosed:", errors.Is(<-ended, desir.ErrClosed))
	fmt.Println(<-closing)
	// Output:
	// paint the fence
	// the receiver ended with ErrClosed: true
	// <nil>
}

// A transfer changes both accounts and counts itself, or does nothing.
func ExampleAtomic() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	checking := collections.NewMap[string, int](rdb, "{bank}:checking") // one hash tag: one slot of a cluster
	savings := collections.NewMap[string, int](rdb, "{bank}:savings")
	transfers := counter.New(rdb, "{bank}:transfers")
	if err := checking.Set(ctx, "ada", 100); err != nil {
		log.Fatal(err)
	}
	errTooLittle := errors.New("too little money")
	transfer := func(amount int) error {
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			from, _, err := checking.In(tx).Get(ctx, "ada")
			if err != nil {
				return err
			}
			to, _, err := savings.In(tx).Get(ctx, "ada")
			if err != nil {
				return err
			}
			if from < amount {
				return errTooLittle // nothing is written
			}
			checking.In(tx).Set("ada", from-amount)
			savings.In(tx).Set("ada", to+amount)
			transfers.In(tx).Add(1)
			return nil
		})
	}
	fmt.Println(transfer(70))
	fmt.Println(transfer(70))
	from, _, _ := checking.Get(ctx, "ada")
	to, _, _ := savings.Get(ctx, "ada")
	n, _ := transfers.Value(ctx)
	fmt.Println(from, to, n)
	// Output:
	// <nil>
	// too little money
	// 30 70 1
}

// Only the process that has the lock writes, even if it was paused for longer than its lease.
func ExampleTx_Require() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	report := collections.NewValue[string](rdb, "report")
	held, err := lock.NewMutex(rdb, "report").Lock(ctx) // in the hash slot of the value
	if err != nil {
		log.Fatal(err)
	}
	write := func(tx *desir.Tx) error {
		tx.Require(held)
		report.In(tx).Set("today's")
		return nil
	}
	fmt.Println("while it is held:", desir.Atomic(ctx, rdb, write))
	if err := held.Unlock(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("afterwards:", errors.Is(desir.Atomic(ctx, rdb, write), desir.ErrLost))
	// Output:
	// while it is held: <nil>
	// afterwards: true
}

// A program checks at startup whether the server can keep the library's guarantees.
func ExampleCheck() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	report, err := desir.Check(ctx, rdb)
	if err != nil {
		log.Fatal(err)
	}
	for _, node := range report.Nodes {
		if node.ClockOffset.Abs() > time.Minute {
			log.Fatalf("the clock of %s is off by %v", node.Addr, node.ClockOffset)
		}
		for _, warning := range node.Warnings {
			fmt.Println(warning)
		}
	}
	// Output:
	// the server does not report its version; the guarantees require Redis 7.0 or later
	// the server does not report whether appendonly is on: without it a restart loses acknowledged writes
	// the server does not report its maxmemory-policy; the guarantees require noeviction
}

func ExampleReport_Warnings() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	report, err := desir.Check(ctx, rdb)
	if err != nil {
		log.Fatal(err)
	}
	if warnings := report.Warnings(); len(warnings) > 0 {
		fmt.Println("not ready for production:", len(warnings), "warnings")
	}
	// Output: not ready for production: 3 warnings
}

// When the reply of a write is lost, the library does not send the write again. The
// caller decides: setting a value again is safe, but adding again may count twice.
func Example_errMaybeRan() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	prices := collections.NewMap[string, int](rdb, "prices")
	redistest.LoseReply(rdb) // the connection breaks after the server has run the command
	err := prices.Set(ctx, "pears", 250)
	if errors.Is(err, desir.ErrMaybeRan) {
		fmt.Println("may have been stored; storing the same price again")
		err = prices.Set(ctx, "pears", 250)
	}
	fmt.Println(err)

	sold := counter.New(rdb, "sold:pears")
	redistest.LoseReply(rdb)
	n, _, err := sold.AddOnce(ctx, "receipt 4711", 3)
	if errors.Is(err, desir.ErrMaybeRan) {
		fmt.Println("may have been added; adding again with the same token")
		n, _, err = sold.AddOnce(ctx, "receipt 4711", 3)
	}
	fmt.Println(n, err)
	// Output:
	// may have been stored; storing the same price again
	// <nil>
	// may have been added; adding again with the same token
	// 3 <nil>
}

// The error names the operation and the key, and errors.Is finds the class.
func ExampleOpError() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	if _, err := collections.NewSet[string](rdb, "visits").Add(ctx, "ada"); err != nil {
		log.Fatal(err)
	}
	_, err := counter.New(rdb, "visits").Next(ctx) // the key holds a set
	if e, ok := errors.AsType[*desir.OpError](err); ok && errors.Is(err, desir.ErrWrongType) {
		fmt.Println(e.Op, "failed: the key", e.Key, "holds something else")
	}
	// Output: counter.Counter.Next failed: the key visits holds something else
}

// Every type with one key has the methods of Object.
func ExampleObject() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	basket := collections.NewSet[string](rdb, "basket:ada")
	if _, err := basket.Add(ctx, "pears", "figs"); err != nil {
		log.Fatal(err)
	}
	if _, err := basket.Expire(ctx, time.Hour); err != nil { // an abandoned basket disappears
		log.Fatal(err)
	}
	left, ok, err := basket.TTL(ctx)
	fmt.Println(left.Round(time.Minute), ok, err)

	if err := basket.Clear(ctx); err != nil {
		log.Fatal(err)
	}
	ok, err = basket.Exists(ctx)
	fmt.Println(ok, err)
	// Output:
	// 1h0m0s true <nil>
	// false <nil>
}

// Until connects a sequence with errors to functions such as slices.Sorted.
func ExampleUntil() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	users := collections.NewSet[string](rdb, "users")
	if _, err := users.Add(ctx, "eve", "ada", "bob"); err != nil {
		log.Fatal(err)
	}
	var err error
	names := slices.Sorted(desir.Until(users.All(ctx), &err))
	fmt.Println(names, err) // with an error, names are the ones before it
	// Output: [ada bob eve] <nil>
}

func ExamplePairs() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	stock := collections.NewMap[string, int](rdb, "stock")
	if err := stock.SetMany(ctx, map[string]int{"pears": 12, "figs": 7}); err != nil {
		log.Fatal(err)
	}
	var err error
	copied := maps.Collect(desir.Pairs(stock.All(ctx), &err))
	fmt.Println(copied, err)
	// Output: map[figs:7 pears:12] <nil>
}

// Valid skips the items that do not decode, and reports them afterwards.
func ExampleValid() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	// Another program has stored a text among the numbers.
	if err := rdb.RPush(ctx, "readings", "20", "broken", "22").Err(); err != nil {
		log.Fatal(err)
	}
	readings := collections.NewList[int](rdb, "readings")
	var err error
	for celsius := range desir.Valid(readings.All(ctx), &err) {
		fmt.Println(celsius)
	}
	fmt.Println("some were skipped:", err != nil)
	// Output:
	// 20
	// 22
	// some were skipped: true
}

func ExampleCollect() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	players := collections.NewSortedSet[string](rdb, "players")
	for name, score := range map[string]float64{"ada": 310, "bob": 120, "eve": 325} {
		if _, err := players.Add(ctx, name, score); err != nil {
			log.Fatal(err)
		}
	}
	best, err := desir.Collect(players.Range(ctx, collections.ByRank(0, 2).Reverse()))
	fmt.Println(best, err)
	// Output: [{eve 325} {ada 310}] <nil>
}
