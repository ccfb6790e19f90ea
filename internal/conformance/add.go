package conformance

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// add adds to every kind of number, up to its bounds and beyond them.
func add(t *testing.T, r *redistest.Redis) {
	type degrees int8
	type grams uint16
	addWithin(t, r, int8(math.MinInt8), math.MaxInt8)
	addWithin(t, r, int16(math.MinInt16), math.MaxInt16)
	addWithin(t, r, int32(math.MinInt32), math.MaxInt32)
	addWithin(t, r, int64(math.MinInt64), math.MaxInt64)
	addWithin(t, r, math.MinInt, math.MaxInt)
	addWithin(t, r, uint8(0), math.MaxUint8)
	addWithin(t, r, uint16(0), math.MaxUint16)
	addWithin(t, r, uint32(0), math.MaxUint32)
	addWithin(t, r, uint64(0), math.MaxInt64) // the largest sum of Redis
	addWithin(t, r, uint(0), math.MaxInt64)
	addWithin(t, r, degrees(math.MinInt8), math.MaxInt8)
	addWithin(t, r, grams(0), math.MaxUint16)
}

// addWithin adds random numbers between the bounds of a type and compares the results
// with Go's sums, as long as those do not overflow.
func addWithin[N interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}](t *testing.T, r *redistest.Redis, lo, hi N) {
	x := newModel(t)
	ctx := t.Context()
	called := reflect.TypeFor[N]().String()
	at := name(t, r, called)
	handles := []*collections.Map[string, N]{
		collections.NewMap[string, N](r.Client, at),
		collections.NewMap[string, N](r.NewClient(t), at),
	}
	var want N
	var known bool
	deltas := []N{0, 1, 2, hi, hi - 1, hi / 2, lo, lo + 1, lo / 2, N(100)}
	if lo < 0 {
		minus := N(0)
		deltas = append(deltas, minus-1, minus-2, minus-100)
	}
	refused := 0
	for range 60 {
		m, delta := oneOf(x, handles...), oneOf(x, deltas...)
		if (delta > 0 && want > hi-delta) || (delta < 0 && want < lo-delta) {
			refused++
			if r.Name == "embedded" && reflect.TypeFor[N]().Bits() == 64 {
				continue // HINCRBY of the embedded server wraps around
			}
			if sum, err := collections.Add(ctx, m, "k", delta); err == nil || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("%s: %d + %d = %d, %v; want an error", called, want, delta, sum, err)
			}
		} else {
			want, known = want+delta, true
			sum, err := collections.Add(ctx, m, "k", delta)
			x.check(err, sum, want, "%s: Add(%d)", called, delta)
		}
		got, ok, err := m.Get(ctx, "k")
		x.check(err, results(got, ok), results(want, known), "%s: Get", called)
	}
	if refused == 0 {
		t.Errorf("%s: no sum was too large", called)
	}
	// An addition to a missing field that overflows leaves the field missing.
	if lo < 0 && reflect.TypeFor[N]().Bits() < 64 {
		wide := collections.NewMap[string, int64](r.Client, at)
		must(t, wide.Set(ctx, "wide", math.MaxInt64))
		if _, err := collections.Add(ctx, handles[0], "wide", lo); err == nil {
			t.Errorf("%s: a sum of 63 bits is no error", called)
		}
		got, _, err := wide.Get(ctx, "wide")
		x.check(err, got, int64(math.MaxInt64), "%s: the number of 63 bits", called)
	}
}

// addFloats adds floats. Redis adds them with more bits than Go.
func addFloats(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	type euro float64
	m := collections.NewMap[string, float64](r.Client, name(t, r, "f"))
	for _, tt := range []struct{ delta, sum float64 }{{0.5, 0.5}, {-2, -1.5}, {0, -1.5}, {1e15, 1e15 - 1.5}, {1.5 - 1e15, 0}} {
		got, err := collections.Add(ctx, m, "k", tt.delta)
		equal(t, "Add to a float64", results(got, err), results(tt.sum, nil))
		got, _, err = m.Get(ctx, "k")
		equal(t, "Get of a float64", results(got, err), results(tt.sum, nil))
	}
	short := collections.NewMap[string, float32](r.Client, name(t, r, "g"))
	for _, want := range []float32{0.25, 0.5, 0.75} {
		got, err := collections.Add(ctx, short, "k", 0.25)
		equal(t, "Add to a float32", results(got, err), results(want, nil))
	}
	for _, tt := range []struct{ had, delta float32 }{{math.MaxFloat32, 1e38}, {-math.MaxFloat32, -math.MaxFloat32}} {
		must(t, short.Set(ctx, "k", tt.had))
		if sum, err := collections.Add(ctx, short, "k", tt.delta); err == nil || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Add(%v) to %v = %v, %v; want an error", tt.delta, tt.had, sum, err)
		}
		left, _, err := short.Get(ctx, "k")
		equal(t, "the float32 after a sum out of range", results(left, err), results(tt.had, nil))
		back, err := collections.Add(ctx, short, "k", -tt.had)
		equal(t, "Add back to 0", results(back, err), results(float32(0), nil))
	}
	must(t, collections.NewMap[string, string](r.Client, short.Key()).Set(ctx, "word", "ten"))
	if _, err := collections.Add(ctx, short, "word", 1); !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("Add to a word: %v; want ErrWrongType", err)
	}
	named := collections.NewMap[userID, euro](r.Client, name(t, r, "h"))
	got, err := collections.Add(ctx, named, "ada", 2.5)
	equal(t, "Add to a named float", results(got, err), results(euro(2.5), nil))
	for _, odd := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		_, err := collections.Add(ctx, m, "k", odd)
		_, err32 := collections.Add(ctx, short, "k", float32(odd))
		for _, err := range []error{err, err32} {
			if err == nil || errors.Is(err, desir.ErrWrongType) || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("Add(%v): %v; want an error that blames it", odd, err)
			}
		}
	}
	v, _, err := m.Get(ctx, "k")
	equal(t, "the float after refusals", results(v, err), results(0.0, nil))
	for _, sign := range []float64{1, -1} {
		must(t, m.Set(ctx, "big", sign*math.MaxFloat64))
		if sum, err := collections.Add(ctx, m, "big", sign*1e308); err == nil || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("a sum beyond 64 bits is %v, %v", sum, err)
		}
		v, _, err := m.Get(ctx, "big")
		equal(t, "the float64 after a sum out of range", results(v, err), results(sign*math.MaxFloat64, nil))
	}
}

// addRefusals makes additions that fail before anything is sent.
func addRefusals(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	rdb := r.NewClient(t)
	at := name(t, r, "n")
	trips := redistest.CountTrips(rdb)
	big := collections.NewMap[string, uint64](rdb, at)
	if _, err := collections.Add(ctx, big, "k", 1<<63); err == nil {
		t.Error("Add(1<<63) is no error")
	}
	for called, c := range map[string]codec.Codec{"Msgpack": codec.Msgpack, "Encrypt": codec.Encrypt(codec.Auto, ring(1))} {
		m := collections.NewMap[string, int](rdb, at, collections.WithCodec(c))
		if _, err := collections.Add(ctx, m, "k", 1); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("Add with %s: error %v, want ErrUnsupported", called, err)
		}
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips %q", n, trips.Commands())
	}
}
