package lock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/lock"
)

func ExampleMutex() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	stock := lock.NewMutex(server.Client(), "stock:42")
	err = stock.Do(ctx, func(ctx context.Context) error {
		fmt.Println("one process at a time is here")
		return ctx.Err() // ended if the lock was lost
	})
	fmt.Println(err)
	// Output:
	// one process at a time is here
	// <nil>
}

// A scheduled job that runs on one machine, and does nothing on the others.
func ExampleMutex_TryDo() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	nightly := lock.NewMutex(server.Client(), "nightly report")
	ran, err := nightly.TryDo(ctx, func(ctx context.Context) error {
		again, err := nightly.TryDo(ctx, func(context.Context) error { return nil })
		fmt.Println("elsewhere:", again, err)
		return nil
	})
	fmt.Println("here:", ran, err)
	// Output:
	// elsewhere: false <nil>
	// here: true <nil>
}

// records is a store of another kind, such as an SQL table, that checks fencing tokens:
//
//	UPDATE report SET text = $1, token = $2 WHERE token <= $2
type records struct {
	text  string
	token int64
}

func (r *records) write(text string, token int64) bool {
	if token < r.token {
		return false
	}
	r.text, r.token = text, token
	return true
}

// A holder writes to Redis only while it still has the lock, also if it was paused for longer
// than its lease.
func ExampleMutex_fencedWrite() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()
	rdb := server.Client()

	report := collections.NewValue[string](rdb, "report")
	m := lock.NewMutex(rdb, "report") // in the hash slot of the value
	write := func(l *lock.Lease, text string) error {
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			tx.Require(l)
			report.In(tx).Set(text)
			return nil
		})
	}
	first, err := m.Lock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the holder writes:", write(first, "first"))
	if _, err := m.Break(ctx, lock.Force()); err != nil { // as if the first one had been paused
		log.Fatal(err)
	}
	second, err := m.Lock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the next holder writes:", write(second, "second"))
	fmt.Println("the first one has lost it:", errors.Is(write(first, "late"), desir.ErrLost))
	text, _, err := report.Get(ctx)
	fmt.Println(text, err)
	if err := second.Unlock(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// the holder writes: <nil>
	// the next holder writes: <nil>
	// the first one has lost it: true
	// second <nil>
}

// A former holder goes on writing after its lease has ended, for example because its process
// was paused. The store refuses it by its token.
func ExampleLease_Token() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()
	report := &records{}

	first, err := lock.NewMutex(server.Client(), "report", lock.TTL(time.Second), lock.NoRenew()).Lock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// The first holder is paused here for longer than its lease. Another gets the lock.
	second, err := lock.NewMutex(server.Client(), "report").Lock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the second writes:", report.write("new", second.Token()))
	fmt.Println("the first writes:", report.write("old", first.Token()))
	fmt.Println("the first learns:", errors.Is(context.Cause(first.Context()), desir.ErrLost))
	fmt.Println(report.text)
	if err := second.Unlock(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// the second writes: true
	// the first writes: false
	// the first learns: true
	// new
}

func ExampleSemaphore() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	exports := lock.NewSemaphore(server.Client(), "exports", 3) // in all processes together
	l, err := exports.Acquire(ctx, 2)
	if err != nil {
		log.Fatal(err)
	}
	_, ok, err := exports.TryAcquire(ctx, 2)
	fmt.Println(ok, err)
	fmt.Println(l.Unlock(ctx))
	// Output:
	// false <nil>
	// <nil>
}

func ExampleRWMutex() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	prices := lock.NewRWMutex(server.Client(), "prices")
	err = prices.RDo(ctx, func(ctx context.Context) error {
		_, write, err := prices.TryLock(ctx)
		fmt.Println("write while others read:", write)
		return err
	})
	fmt.Println(err)
	// Output:
	// write while others read: false
	// <nil>
}

func ExampleLeader() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	scheduler := lock.NewLeader(server.Client(), "scheduler", lock.Owner("machine 1"))
	err = scheduler.Run(ctx, func(ctx context.Context) error {
		leader, elected, err := scheduler.Current(ctx)
		fmt.Println(leader.Owner, elected)
		return err // and resign
	})
	fmt.Println(err)
	// Output:
	// machine 1 true
	// <nil>
}

func ExampleAll() {
	server, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	from, to := lock.NewMutex(server.Client(), "account:1"), lock.NewMutex(server.Client(), "account:2")
	l, err := lock.All(ctx, from, to)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Context().Err())
	fmt.Println(l.Unlock(ctx))
	// Output:
	// <nil>
	// <nil>
}
