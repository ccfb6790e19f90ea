package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// childEnv turns the test binary into a worker for the server at this address.
const childEnv = "DESIR_TEST_WORK_AT"

func TestMain(m *testing.M) {
	isRole()
	if addr := os.Getenv(childEnv); addr != "" {
		if err := runWorker(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if addr := os.Getenv(quietEnv); addr != "" {
		if err := runQuiet(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	redistest.Parallel(16)
	os.Exit(redistest.Main(m))
}

const service = "calc"

var (
	sum  = rpc.NewMethod[[]int, int]("Sum", rpc.Doc("adds numbers"))
	hold = rpc.NewMethod[string, string]("Hold")
)

func addUp(_ context.Context, ns []int) (total int, err error) {
	for _, n := range ns {
		total += n
	}
	return total, nil
}

// holdsKey counts the handlers of Hold that have begun.
const holdsKey = "holds"

// blockUntilDone returns a handler that runs until its context ends.
func blockUntilDone[T any](rdb redis.UniversalClient) func(context.Context, T) (T, error) {
	return func(ctx context.Context, _ T) (none T, _ error) {
		rdb.Incr(context.Background(), holdsKey)
		<-ctx.Done()
		return none, ctx.Err()
	}
}

// awaitRunning waits until n handlers of Hold have begun.
func awaitRunning(t *testing.T, rdb redis.UniversalClient, n int) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, func() bool {
		got, _ := rdb.Get(t.Context(), holdsKey).Int()
		return got >= n
	}, fmt.Sprintf("%d calls run", n))
}

// runWorker runs a worker until its process is killed, or the process that started it
// ends.
func runWorker(addr string) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	s := rpc.NewServer(rdb, service)
	sum.Handle(s, addUp)
	hold.Handle(s, blockUntilDone[string](rdb))
	return s.Run(context.Background())
}

// serve starts a worker that runs until the test ends, or the returned function is
// called.
func serve(t *testing.T, rdb redis.UniversalClient, opts ...rpc.ServerOption) (s *rpc.Server, end func()) {
	t.Helper()
	s = rpc.NewServer(rdb, service, opts...)
	sum.Handle(s, addUp)
	hold.Handle(s, blockUntilDone[string](rdb))
	return s, run(t, s)
}

// run runs a worker until the test ends, or the returned function is called.
func run(t *testing.T, s *rpc.Server) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(end)
	return end
}

var waitForWorker = rpc.Wait(20 * time.Second)

// mustSum makes a call that must succeed.
func mustSum(t *testing.T, c *rpc.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := sum.Call(ctx, c, []int{1, 2}, waitForWorker); err != nil || got != 3 {
		t.Fatalf("Sum = %d, %v; want 3", got, err)
	}
}

func isWorkerError(err error) bool {
	_, ok := errors.AsType[*rpc.Error](err)
	return ok
}
