package conformance

import (
	"errors"
	"math"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// counterBounds adds up to the limits of 64 bits, where numbers of Lua are not exact, and
// beyond them, which changes nothing.
func counterBounds(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, start := range []int64{0, 5} {
		c := counter.New(r.Client, tagged(t, r, "c"), counter.Start(start))
		for _, tt := range []struct{ at, delta int64 }{{math.MaxInt64, 1}, {math.MinInt64, -1}, {math.MaxInt64 - 3, math.MaxInt64}} {
			must(t, c.Set(ctx, tt.at))
			if r.Name == "embedded" {
				continue // INCRBY of the embedded server wraps around
			}
			if v, err := c.Add(ctx, tt.delta); err == nil || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("%d + %d = %d, %v; want an error", tt.at, tt.delta, v, err)
			}
			if v, applied, err := c.AddOnce(ctx, "token", tt.delta); err == nil || applied || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("once %d + %d = %d, %t, %v; want an error", tt.at, tt.delta, v, applied, err)
			}
			v, err := c.Value(ctx)
			equal(t, "the value after a refusal", results(v, err), results(tt.at, nil))
		}
		for _, at := range []int64{1 << 53, math.MaxInt64 - 2, math.MinInt64} {
			must(t, c.Set(ctx, at))
			v, err := c.Next(ctx)
			equal(t, "Next", results(v, err), results(at+1, nil))
			v, applied, err := c.AddOnce(ctx, "another", 1)
			equal(t, "AddOnce", results(v, applied, err), results(at+2, true, nil))
			v, applied, err = c.AddOnce(ctx, "another", 1)
			equal(t, "AddOnce again", results(v, applied, err), results(at+2, false, nil))
			swapped, err := c.CompareAndSwap(ctx, at+2, at)
			equal(t, "CompareAndSwap", results(swapped, err), results(true, nil))
			old, err := c.Swap(ctx, 0)
			equal(t, "Swap", results(old, err), results(at, nil))
			must(t, c.Clear(ctx))
		}
	}
	if r.Name != "embedded" { // if the sum overflows, a missing counter stays missing
		c := counter.New(r.Client, tagged(t, r, "d"), counter.Start(math.MaxInt64))
		if v, err := c.Next(ctx); err == nil {
			t.Errorf("Next = %d", v)
		}
		_, _, err := c.AddOnce(ctx, "token", 1)
		exists, _ := c.Exists(ctx)
		equal(t, "after refusals: an error, exists", results(err != nil, exists), results(true, false))
	}
}

// counterTokens checks the keys that store tokens.
func counterTokens(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, at := range []string{r.Key("plain"), tagged(t, r, "tagged"), r.Key("{a}b")} {
		c := counter.New(r.Client, at)
		for range 2 {
			_, _, err := c.AddOnce(ctx, "token", 4)
			must(t, err)
		}
		helpers := 0
		for _, key := range r.Keys(t) {
			if key == at || !isHelper(key, at) {
				continue
			}
			helpers++
			if d := r.Raw().PTTL(ctx, key).Val(); d.Minutes() < 10 || d.Minutes() > 20 {
				t.Errorf("%q expires in %v, want 10 to 20 minutes", key, d)
			}
		}
		equal(t, "helper keys of "+at, helpers, 1)
		must(t, c.Clear(ctx))
		for _, key := range r.Keys(t) {
			if key == at || isHelper(key, at) {
				t.Errorf("Clear left %q", key)
			}
		}
	}
	// Names whose helper keys would be in other slots.
	for _, odd := range []string{"a}b", "{}a{b}", "a{}b"} {
		c := counter.New(r.Client, r.Key(odd))
		v, err := c.Next(ctx)
		equal(t, "Next of "+odd, results(v, err), results(int64(1), nil))
		_, _, err = c.AddOnce(ctx, "token", 1)
		if v, err2 := c.Value(ctx); err != nil && (!errors.Is(err, desir.ErrName) || v != 1 || err2 != nil) {
			t.Errorf("AddOnce of %q: error %v and the value is %d, %v; want ErrName and 1", odd, err, v, err2)
		}
		must(t, c.Clear(ctx))
		exists, err := c.Exists(ctx)
		equal(t, odd+" exists", results(exists, err), results(false, nil))
	}
}

// isHelper reports whether key is a helper key of the counter.
func isHelper(key, of string) bool {
	return key == "{"+of+"}:once:0" || key == "{"+of+"}:once:1" || key == of+":once:0" || key == of+":once:1"
}

// counterWindows finds a token in either of the two hashes that store tokens.
func counterWindows(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := tagged(t, r, "c")
	c := counter.New(r.Client, at)
	must(t, c.Set(ctx, 50))
	for i, helper := range []string{":once:0", ":once:1"} {
		token := "from " + helper
		must(t, r.Raw().HSet(ctx, at+helper, token, 7+i).Err())
		v, applied, err := c.AddOnce(ctx, token, 1)
		equal(t, "AddOnce of a token in "+helper, results(v, applied, err), results(int64(7+i), false, nil))
	}
	v, err := c.Value(ctx)
	equal(t, "the value", results(v, err), results(int64(50), nil))
}
