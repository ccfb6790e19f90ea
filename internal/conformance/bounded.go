package conformance

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Bounded tests counter.Bounded on a backend.
func Bounded(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", boundedModel},
		failures(boundedSubject()),
		costs(boundedSubject()),
		part{"Race", boundedRace},
		part{"Undecodable", boundedUndecodable},
		part{"Refusals", boundedRefusals},
	)
}

// boundedModel makes random calls to counters with various bounds, including the limits
// of 64 bits, and compares them with unlimited integers.
func boundedModel(t *testing.T, r *redistest.Redis) {
	m := newModel(t)
	other := otherProtocolClient(t, r)
	for i, bounds := range [][2]int64{
		{0, 10},
		{-3, 3},
		{5, 9},
		{-9, -5},
		{7, 7},
		{math.MinInt64, math.MaxInt64},
		{math.MaxInt64 - 5, math.MaxInt64},
		{math.MinInt64, math.MinInt64 + 5},
		{1<<53 - 3, 1<<53 + 3},
		{-(1<<53 + 3), 1e18},
		{0, math.MaxInt64},
		{math.MinInt64, 0},
	} {
		x := &boundedOps{model: m, lo: bounds[0], hi: bounds[1], n: min(max(0, bounds[0]), bounds[1])}
		x.start = x.n
		at := name(t, r, fmt.Sprint("stock ", i))
		x.handles = []*counter.Bounded{
			counter.NewBounded(r.Client, at, x.lo, x.hi),
			counter.NewBounded(other, at, x.lo, x.hi),
		}
		x.setRaw = func(n int64) { must(t, r.Raw().Set(t.Context(), at, n, 0).Err()) }
		m.runRandom(60, x.add, x.add, x.add, x.add, x.value, x.set, x.clear, x.storeRaw)
	}
}

type boundedOps struct {
	*model
	lo, hi, start, n int64
	handles          []*counter.Bounded
	setRaw           func(n int64)
}

// nearBound returns a number near a bound, near the value or near a limit of 64 bits.
func (x *boundedOps) nearBound() int64 {
	at := oneOf(x.model, x.lo, x.hi, x.n, 0, math.MinInt64, math.MaxInt64)
	return at + x.rng.Int64N(5) - 2 // may wrap around: any number is fine
}

// delta returns a small step, a step that leads near a bound, or any number.
func (x *boundedOps) delta() int64 {
	return oneOf(x.model, x.rng.Int64N(7)-3, x.nearBound()-x.n, x.nearBound())
}

func (x *boundedOps) add() {
	b, n := oneOf(x.model, x.handles...), x.delta()
	sum := new(big.Int).Add(big.NewInt(x.n), big.NewInt(n))
	refused := n > 0 && sum.Cmp(big.NewInt(x.hi)) > 0 || n < 0 && sum.Cmp(big.NewInt(x.lo)) < 0
	if !refused {
		x.n = sum.Int64()
	}
	v, err := b.Add(x.ctx(), n)
	if errors.Is(err, counter.ErrBound) == refused {
		err = nil
	}
	x.check(err, results(v, refused), results(x.n, refused), "%d to %d: Add(%d)", x.lo, x.hi, n)
}

func (x *boundedOps) value() {
	v, err := oneOf(x.model, x.handles...).Value(x.ctx())
	x.check(err, v, x.n, "%d to %d: Value()", x.lo, x.hi)
}

func (x *boundedOps) set() {
	n := x.nearBound()
	refused := n < x.lo || n > x.hi
	if !refused {
		x.n = n
	}
	err := oneOf(x.model, x.handles...).Set(x.ctx(), n)
	x.check(nil, errors.Is(err, counter.ErrBound), refused, "%d to %d: Set(%d)", x.lo, x.hi, n)
	if !refused {
		x.check(err, nil, nil, "Set(%d)", n)
	}
}

func (x *boundedOps) clear() {
	x.n = x.start
	x.check(oneOf(x.model, x.handles...).Clear(x.ctx()), nil, nil, "Clear()")
}

// storeRaw stores a number as another program may, also beyond the bounds.
func (x *boundedOps) storeRaw() {
	x.n = x.nearBound()
	x.setRaw(x.n)
	x.check(nil, nil, nil, "SET %d", x.n)
}

// boundedRace takes from a stock concurrently: exactly the whole stock is taken.
func boundedRace(t *testing.T, r *redistest.Redis) {
	const stock, goroutines, each = 100, 16, 12
	at := name(t, r, "stock")
	handles := []*counter.Bounded{
		counter.NewBounded(r.Client, at, 0, stock), counter.NewBounded(r.NewClient(t), at, 0, stock),
	}
	must(t, handles[0].Set(t.Context(), stock))
	var sold, refused atomic.Int64
	concurrently(goroutines, func(i int) {
		for range each {
			switch v, err := handles[i%2].Add(t.Context(), -1); {
			case err == nil && v >= 0:
				sold.Add(1)
			case errors.Is(err, counter.ErrBound) && v == 0:
				refused.Add(1)
			default:
				t.Errorf("Add(-1) = %d, %v", v, err)
			}
		}
	})
	v, err := handles[0].Value(t.Context())
	equal(t, "left, sold, refused", results(v, err, sold.Load(), refused.Load()),
		results(int64(0), nil, int64(stock), int64(goroutines*each-stock)))
}

// boundedUndecodable stores values that are not numbers of 64 bits.
func boundedUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "b")
	b := counter.NewBounded(r.Client, at, -5, 5)
	for _, held := range []string{marker, "", "-", "1.5", " 1", "9223372036854775808", "-9223372036854775809", strings.Repeat("9", 400)} {
		must(t, r.Raw().Set(ctx, at, held, 0).Err())
		_, err := b.Value(ctx)
		checkDecodeError(t, err, "counter.Bounded.Value", at, "")
		for _, n := range []int64{0, 1, -1} {
			if v, err := b.Add(ctx, n); v != 0 || !errors.Is(err, desir.ErrWrongType) || strings.Contains(err.Error(), marker) {
				t.Errorf("Add(%d) to %.30q = %d, %v; want ErrWrongType", n, held, v, err)
			}
		}
		equal(t, "the key", r.Raw().Get(ctx, at).Val(), held)
	}
}

// boundedRefusals uses bounds without a number between them.
func boundedRefusals(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	for _, c := range boundedCalls(counter.NewBounded(rdb, "b", 1, 0)) {
		if err := c.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "bound") {
			t.Errorf("%s: error %v", c.name(), err)
		}
	}
	b := counter.NewBounded(rdb, "b", 1, 3)
	for _, n := range []int64{0, 4} {
		if err := b.Set(t.Context(), n); !errors.Is(err, counter.ErrBound) {
			t.Errorf("Set(%d): error %v, want ErrBound", n, err)
		}
	}
	equal(t, "round trips", trips.Count(), 0)
}
