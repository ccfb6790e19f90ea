package rpc_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

var divide = rpc.NewMethod[[2]int, int]("Divide")

// TestPython calls a worker from a client in another language, written from docs/wire.md
// alone.
func TestPython(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("python3", "--version").CombinedOutput(); err != nil {
		redistest.Missing(t, fmt.Sprintf("there is no python3: %v %s", err, out), "python")
	}
	t.Run("embedded", func(t *testing.T) {
		s, err := embedded.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		python(t, s.Addr())
	})
	t.Run("redis", func(t *testing.T) { python(t, redistest.StartServer(t).Addr) })
}

func python(t *testing.T, addr string) {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = rdb.Close() })
	script := func() string {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, "python3", "testdata/client.py", addr, service, "internal/lua/scripts").CombinedOutput()
		if err != nil {
			t.Fatalf("client.py: %v\n%s", err, out)
		}
		return string(out)
	}
	if got := script(); got != "0 workers\n"+strings.Repeat("not run: no workers\n", 3) {
		t.Errorf("without a worker it says %q", got)
	}
	worker := rpc.NewServer(rdb, service)
	sum.Handle(worker, addUp)
	divide.Handle(worker, func(ctx context.Context, of [2]int) (int, error) {
		if info, _ := rpc.InfoFrom(ctx); info.Headers["lang"] != "py" {
			t.Errorf("the headers are %v", info.Headers)
		}
		if of[1] == 0 {
			return 0, rpc.Errorf(rpc.InvalidArgument, "division by zero")
		}
		return of[0] / of[1], nil
	})
	run(t, worker)
	mustSum(t, rpc.NewClient(rdb, service))
	lines := strings.Split(script(), "\n")
	for i, want := range []string{"1 workers", "150", ": division by zero", ": the types of the method are [int]>int, and the caller has text>int"} {
		if len(lines) != 5 || !strings.HasSuffix(lines[i], want) || i > 1 && !strings.HasPrefix(lines[i], "code 3 of ") {
			t.Fatalf("it says %q; want %q", lines, want)
		}
	}
}
