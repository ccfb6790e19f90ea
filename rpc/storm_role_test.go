package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// A storm is a load of calls under faults. Its parts, workers and clients, record events
// in a book on a separate server without faults: which calls were begun, how each call
// ended, and how often it ran. The judge reads the book.

// stormEnv turns the test binary into a part of a storm: see [part.String].
const stormEnv = "DESIR_TEST_STORM"

// role is a part of a storm in a separate process.
type role struct {
	what       string // worker, worker without fence, or client
	addr, book string // of the servers
	id         int    // of a client
}

func (p role) String() string {
	return fmt.Sprintf("%s=%s|%s|%s|%d", stormEnv, p.what, p.addr, p.book, p.id)
}

// runRole runs the process.
func runRole(text string) error {
	redistest.EndWithParent()
	redis.SetLogger(discard{})
	words := strings.Split(text, "|")
	if len(words) != 4 {
		return fmt.Errorf("%s=%s", stormEnv, text)
	}
	rdb, b := stormClient(words[1]), openJournal(words[2])
	id, _ := strconv.Atoi(words[3])
	switch words[0] {
	case "worker without fence":
		rpc.WithoutFence()
		return stormServer(rdb, b, rpc.Concurrency(1)).Run(context.Background())
	case "worker of one":
		return stormServer(rdb, b, rpc.Concurrency(1)).Run(context.Background())
	case "worker":
		return stormServer(rdb, b).Run(context.Background())
	}
	callers(b.life(), rpc.NewClient(rdb, service), b, id).Wait()
	return nil
}

// discard is a go-redis logger that drops everything.
type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

// stormClient has short timeouts and a small pool, to provoke errors.
func stormClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, PoolSize: 6, ReadTimeout: time.Second, PoolTimeout: 5 * time.Second})
}

// journal is the record of a storm.
type journal struct{ rdb *redis.Client }

const (
	fatesKey = "fates" // call → how it ended for its caller
	runsKey  = "runs"  // call → number of runs

	pending = "pending"
	good    = "good"      // the right result
	notRun  = "not run"   // an error that says so
	maybe   = "maybe run" // ErrMaybeRan
	answer  = "answer"    // an error of the worker
)

func openJournal(addr string) journal {
	return journal{redis.NewClient(&redis.Options{Addr: addr, PoolSize: 50, ReadTimeout: time.Minute, PoolTimeout: time.Minute})}
}

// must retries a write until it succeeds: the book has no faults, but the machine may be
// busy.
func must(write func() error) {
	for write() != nil {
		<-time.After(10 * time.Millisecond)
	}
}

func (b journal) record(call int, fate string) {
	must(func() error { return b.rdb.HSet(context.Background(), fatesKey, call, fate).Err() })
}

// run records a run. Each run has a name, because a record written twice would be a false
// alarm.
func (b journal) run(call int) {
	name := rand.Uint64()
	must(func() error { return b.rdb.SAdd(context.Background(), fmt.Sprint("run:", call), name).Err() })
	must(func() error { return b.rdb.SAdd(context.Background(), runsKey, call).Err() })
}

const overKey = "over"

// end makes the clients of the storm stop making calls.
func (b journal) end() {
	must(func() error { return b.rdb.Set(context.Background(), overKey, "1", 0).Err() })
}

// life returns a context that ends when no more calls are to be made.
func (b journal) life() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		for b.rdb.Exists(ctx, overKey).Val() == 0 {
			<-time.After(50 * time.Millisecond)
		}
	}()
	return ctx
}

// order is the request of a call in a storm.
type order struct {
	Call int
	For  time.Duration // how long the handler takes
}

var stormMethod = rpc.NewMethod[order, int]("Stormy")

// stormServer returns a worker of a storm.
func stormServer(rdb *redis.Client, b journal, opts ...rpc.ServerOption) *rpc.Server {
	opts = append([]rpc.ServerOption{rpc.Concurrency(4), rpc.Grace(time.Second), rpc.Logger(slog.New(slog.DiscardHandler))}, opts...)
	s := rpc.NewServer(rdb, service, opts...)
	stormMethod.Handle(s, func(ctx context.Context, o order) (int, error) {
		b.run(o.Call)
		if o.For > 0 {
			select {
			case <-time.After(o.For):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		return 2 * o.Call, nil
	})
	return s
}

const (
	callersOfClient = 8
	callsOfClient   = 1 << 20 // at most
)

// clientOf returns the client that made a call.
func clientOf(call int) int { return call / callsOfClient }

// callers makes calls through a client until ctx ends.
func callers(ctx context.Context, c *rpc.Client, b journal, id int) *sync.WaitGroup {
	var group sync.WaitGroup
	next := make(chan int)
	go func() {
		defer close(next)
		for n := id * callsOfClient; ; n++ {
			select {
			case next <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	for range callersOfClient {
		group.Go(func() {
			for n := range next {
				o := order{Call: n}
				if rand.IntN(4) == 0 {
					o.For = time.Duration(rand.IntN(400)) * time.Millisecond
				}
				b.record(n, pending)
				b.record(n, outcomeOf(n, c, o))
				<-time.After(time.Duration(rand.IntN(30)) * time.Millisecond)
			}
		})
	}
	return &group
}

// outcomeOf makes a call and returns how it ended. Half of the calls have no deadline.
func outcomeOf(n int, c *rpc.Client, o order) string {
	ctx := context.Background()
	switch rand.IntN(4) {
	case 0:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(3000))*time.Millisecond)
		defer cancel()
	case 1:
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer time.AfterFunc(time.Duration(rand.IntN(3000))*time.Millisecond, cancel).Stop()
	}
	got, err := stormMethod.Call(ctx, c, o)
	switch {
	case err == nil && got == 2*n:
		return good
	case err == nil:
		return fmt.Sprintf("the result %d", got)
	case errors.Is(err, desir.ErrMaybeRan):
		return maybe
	case isWorkerError(err):
		return answer
	case errors.Is(err, desir.ErrUnavailable), errors.Is(err, rpc.ErrNoWorkers), errors.Is(err, rpc.ErrOverloaded):
		return notRun
	default:
		return err.Error()
	}
}

// isRole plays a part if the process is one.
func isRole() {
	if text := os.Getenv(stormEnv); text != "" {
		if err := runRole(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}
