package counter_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestIDsWait makes callers wait for a block while the server does not reply. Each call
// must return when its context ends, and the numbers must continue afterwards.
func TestIDsWait(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), 20*time.Second })
	ids := counter.NewIDs(rdb, "ids", 2)
	for want := range int64(2) {
		if v, err := ids.Next(ctx); v != want+1 || err != nil {
			t.Fatal(v, err)
		}
	}
	p.BlackHole(true)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := ids.Next(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, desir.ErrMaybeRan) == errors.Is(err, desir.ErrUnavailable) {
				t.Errorf("error %v, want the deadline and ErrMaybeRan or ErrUnavailable", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("returned after %v", took)
			}
		})
	}
	group.Wait()
	p.BlackHole(false)
	redistest.Eventually(t, 10*time.Second, func() bool {
		v, err := ids.Next(ctx)
		return err == nil && v > 2
	}, "numbers go on, with a gap")
}

// TestIDsAtTheEnd takes the last numbers of the range.
func TestIDsAtTheEnd(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		at := r.Key("ids")
		ids := counter.NewIDs(r.Client, at, 10)
		if err := counter.New(r.Client, at).Set(ctx, math.MaxInt64-10); err != nil {
			t.Fatal(err)
		}
		for i := range int64(10) {
			if v, err := ids.Next(ctx); v != math.MaxInt64-9+i || err != nil {
				t.Fatal(v, err)
			}
		}
		if r.Name == "embedded" {
			return // its INCRBY wraps
		}
		if v, err := ids.Next(ctx); err == nil {
			t.Errorf("Next = %d after the last number", v)
		}
	})
}

// TestIDsBlock checks that blocks of less than one number are refused.
func TestIDsBlock(t *testing.T) {
	t.Parallel()
	for _, block := range []int64{0, -5, math.MinInt64} {
		ids := counter.NewIDs(nil, "ids", block)
		var op *desir.OpError
		if v, err := ids.Next(ctx); v != 0 || !errors.As(err, &op) || op.Op != "counter.IDs.Next" {
			t.Errorf("Next with blocks of %d = %d, %v", block, v, err)
		}
	}
}
