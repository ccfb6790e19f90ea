package worker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc/internal/caller"
)

// TestInline uses a handler that is quick and then slow: it runs on the reading goroutine
// first, and on its own later.
func TestInline(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	shared, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	w := New(Config{
		Handle: clients.NewHandle(rdb, "rpc.Server", "inline", nil), Concurrency: 2, Queue: 2, Log: slog.New(slog.DiscardHandler),
		About: func(string, time.Time) string { return "{}" }, Stopped: errStopped,
	})
	where := &Handler{
		Check: func(string, string) error { return nil },
		Run: func(_ context.Context, _ *Info, _ string, dst []byte) ([]byte, error) {
			return fmt.Appendf(dst, "%t", strings.Contains(string(debug.Stack()), "(*callLoop).dispatch")), nil
		},
	}
	w.Add("Where", where)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx, shared) }()
	c := caller.New(caller.Config{
		Handle: clients.NewHandle(rdb, "rpc.Client", "inline", nil), NoWorkers: errStopped,
		Served: func(context.Context) (int, error) { return 1, nil },
	})
	for _, quick := range []bool{true, false, true} {
		where.estimate.ns.Store(0)
		if !quick {
			where.estimate.ns.Store(int64(time.Hour))
		}
		_, got, err := c.Call(t.Context(), &caller.Call{Method: "Where", Signature: "any>any", Wait: 20 * time.Second})
		if err != nil || got != fmt.Sprint(quick) {
			t.Errorf("quick %t: it ran inline: %s, %v", quick, got, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestEstimate checks how slow runs affect the estimate.
func TestEstimate(t *testing.T) {
	var u estimate
	u.observe(time.Minute)
	if u.time() != inlineTimeout {
		t.Errorf("after a minute: %v", u.time())
	}
	runs := 0
	for ; u.time() > maxInlineTime; runs++ {
		u.observe(time.Microsecond)
	}
	if want := int((inlineTimeout - maxInlineTime) / time.Microsecond); runs != want {
		t.Errorf("it is quick again after %d runs; want %d", runs, want)
	}
}
