package counter_test

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestMergedNumbers counts the commands of merged calls. Every call must get a different
// number, and no number may be missing.
func TestMergedNumbers(t *testing.T) {
	t.Parallel()
	const n = 300
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.PoolSize = p.Addr(), 10 })
	for _, batched := range []bool{true, false} {
		c := counter.New(rdb, "batched")
		if !batched {
			c = counter.New(rdb, "apart", counter.Unbatched())
		}
		sent := p.CountFunc(redistest.Command("incrby"))
		got := make([]int64, n)
		if err := errors.Join(p.Together(n, func(i int) (err error) {
			got[i], err = c.Next(ctx)
			return err
		})...); err != nil {
			t.Error(err)
		}
		slices.Sort(got)
		for i, v := range got {
			if v != int64(i)+1 {
				t.Fatalf("number %d is %d", i+1, v)
			}
		}
		if k := sent(); batched && k > n/4 || !batched && k != n {
			t.Errorf("%d calls were %d commands; batching: %t", n, k, batched)
		}
	}
}

// TestMergedSigns adds and subtracts concurrently, in the middle of the range and near
// both ends, where some additions overflow. Each call must return a sum that existed,
// or fail and change nothing.
func TestMergedSigns(t *testing.T) {
	t.Parallel()
	const n, step = 200, 1 << 20
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	c := counter.New(s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }), "c")
	for _, at := range []int64{0, math.MaxInt64 - 20*step, math.MinInt64 + 20*step} {
		if err := c.Set(ctx, at); err != nil {
			t.Fatal(err)
		}
		var sum atomic.Int64
		p.Together(n, func(i int) error {
			delta := int64(step)
			if i >= n/2 {
				delta = -step
			}
			v, err := c.Add(ctx, delta)
			if err != nil {
				if at == 0 || errors.Is(err, desir.ErrMaybeRan) {
					t.Errorf("from %d: Add(%d): %v", at, delta, err)
				}
				return nil
			}
			sum.Add(delta)
			if at > 0 && v < at-n*step || at < 0 && v > at+n*step || (v-at)%step != 0 {
				t.Errorf("from %d: Add(%d) = %d", at, delta, v)
			}
			return nil
		})
		if v, err := c.Value(ctx); v != at+sum.Load() || err != nil {
			t.Errorf("in the end %d, %v; want %d", v, err, at+sum.Load())
		}
	}
}

// TestMergedOverflow has more callers than there are numbers left. The remaining numbers
// must go to one caller each, and the other callers must get an error.
func TestMergedOverflow(t *testing.T) {
	t.Parallel()
	const n, room = 200, 60
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	c := counter.New(s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }), "c")
	if err := c.Set(ctx, math.MaxInt64-room); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got []int64
	p.Together(n, func(int) error {
		v, err := c.Next(ctx)
		if errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) {
			t.Errorf("Next: %v, want a number or a refusal", err)
		}
		if err == nil {
			mu.Lock()
			got = append(got, v)
			mu.Unlock()
		}
		return nil
	})
	slices.Sort(got)
	if len(got) != room || len(slices.Compact(got)) != room || got[0] != math.MaxInt64-room+1 || got[room-1] != math.MaxInt64 {
		t.Errorf("%d numbers from %d to %d, want %d up to the last", len(got), got[0], got[len(got)-1], room)
	}
}
