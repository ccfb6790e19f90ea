package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// quietEnv turns the test binary into a program that serves, calls and closes at this
// address, and prints what go-redis logs.
const quietEnv = "DESIR_TEST_QUIET_AT"

// printLogger prints what go-redis logs.
type printLogger struct{ mu sync.Mutex }

func (p *printLogger) Printf(_ context.Context, format string, v ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Printf(format+"\n", v...)
}

// runQuiet serves, calls and closes, repeatedly and in several ways.
func runQuiet(addr string) error {
	redis.SetLogger(&printLogger{})
	for i := range 20 {
		rdb := redis.NewClient(&redis.Options{Addr: addr, DB: i % 2})
		s := rpc.NewServer(rdb, service)
		sum.Handle(s, addUp)
		served := make(chan error, 1)
		go func() { served <- s.Run(context.Background()) }()
		c := rpc.NewClient(rdb, service)
		calls := 1 + i%3*20
		errs := make(chan error, calls)
		for range calls {
			go func() {
				_, err := sum.Call(context.Background(), c, []int{1, 2}, waitForWorker)
				errs <- err
			}()
		}
		var failed error
		for range calls {
			failed = errors.Join(failed, <-errs)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		failed = errors.Join(failed, desir.Close(ctx, rdb), <-served)
		cancel()
		if failed != nil {
			return failed
		}
	}
	return nil
}

// TestNothingIsLogged runs a program that serves, calls, and ends by desir.Close:
// go-redis logs nothing. It is a separate process, since go-redis has one logger per
// process.
func TestNothingIsLogged(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), quietEnv+"="+srv.Addr)
	out, err := cmd.CombinedOutput()
	if text := strings.TrimSpace(string(out)); err != nil || text != "" {
		t.Errorf("the program ends with %v and says %q; want nothing", err, text)
	}
}
