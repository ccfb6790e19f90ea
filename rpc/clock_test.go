package rpc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// TestClocks uses a server whose clock is an hour off: deadlines and leases still hold.
func TestClocks(t *testing.T) {
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.SkewedClient(t, by)
			c := rpc.NewClient(rdb, service)
			s, end := serve(t, rdb)
			mustSum(t, c)
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				if got, err := sum.Call(ctx, c, []int{20, 22}); err != nil || got != 42 {
					t.Errorf("Sum = %d, %v; want 42", got, err)
				}
				cancel()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, err := hold.Call(ctx, c, "x"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, desir.ErrMaybeRan) && !isWorkerError(err) {
				t.Errorf("Hold: %v; want the deadline", err)
			}
			redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Running == 0 }, "the handler has ended by its deadline")
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it ended after %v", took)
			}
			workers, err := c.Workers(t.Context())
			if err != nil || len(workers) != 1 {
				t.Errorf("%d workers, %v; want 1", len(workers), err)
			}
			end()
			if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, rpc.ErrNoWorkers) {
				t.Errorf("once it has ended: %v", err)
			}
		})
	}
}
