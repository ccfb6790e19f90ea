package conformance

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// undecodable checks the error for a stored item that does not decode. It names the place
// and does not contain the bytes.
func undecodable(t *testing.T, err error, op, key, field string) {
	t.Helper()
	bad, ok := errors.AsType[*codec.DecodeError](err)
	if !ok {
		t.Errorf("%s: error %v, want a DecodeError", op, err)
		return
	}
	if bad.Key != key || bad.Field != field || bad.Type == "" {
		t.Errorf("%s: DecodeError at %q %q, want %q %q", op, bad.Key, bad.Field, key, field)
	}
	if outer, ok := err.(*desir.OpError); !ok || outer.Op != op || outer.Key != key {
		t.Errorf("%s: the error is %#v", op, err)
	}
	if strings.Contains(err.Error(), marker) {
		t.Errorf("%s: the error shows the bytes: %v", op, err)
	}
}

// tolerant reads a sequence to its end and returns the items and the errors.
func tolerant[T any](seq iter.Seq2[T, error]) (good []T, bad []error) {
	for v, err := range seq {
		if err != nil {
			bad = append(bad, err)
		} else {
			good = append(good, v)
		}
	}
	return good, bad
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// one checks that a loop had exactly one error.
func one(t *testing.T, bad []error, op, key, field string) {
	t.Helper()
	if len(bad) != 1 {
		t.Errorf("%s: %d bad items %v, want 1", op, len(bad), bad)
		return
	}
	undecodable(t, bad[0], op, key, field)
}

func valueUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "v")
	x := collections.NewValue[int](r.Client, at)
	must(t, r.Raw().Set(ctx, at, marker, 0).Err())
	v, ok, err := x.Get(ctx)
	equal(t, "Get", answer(v, ok), answer(0, false))
	undecodable(t, err, "collections.Value.Get", at, "")
	_, err = x.Update(ctx, func(int, bool) (int, bool, error) { return 1, true, nil })
	undecodable(t, err, "collections.Value.Update", at, "")
	equal(t, "the value", r.Raw().Get(ctx, at).Val(), marker)
	_, _, err = x.Swap(ctx, 5)
	undecodable(t, err, "collections.Value.Swap", at, "")
	equal(t, "the value after Swap", r.Raw().Get(ctx, at).Val(), "5")

	// Codecs whose errors tend to quote their input.
	must(t, r.Raw().Set(ctx, at, marker, 0).Err())
	quotes[time.Time](t, r.Client, at)
	quotes[netip.Addr](t, r.Client, at)
	quotes[float64](t, r.Client, at)
	quotes[bool](t, r.Client, at)
	quotes[struct{ A int }](t, r.Client, at)
	quotes[[]string](t, r.Client, at)
	quotes[map[string]any](t, r.Client, at)
	quotes[struct{ A int }](t, r.Client, at, collections.WithCodec(codec.JSON))
	quotes[string](t, r.Client, at, collections.WithCodec(codec.Sign(codec.Auto, ring(1))))
	quotes[string](t, r.Client, at, collections.WithCodec(codec.Encrypt(codec.Auto, ring(1))))
	quotes[string](t, r.Client, at, collections.WithCodec(codec.Compress(codec.Auto, 1)))
}

func quotes[T any](t *testing.T, rdb client, at string, opts ...collections.Option) {
	t.Helper()
	_, _, err := collections.NewValue[T](rdb, at, opts...).Get(context.Background())
	undecodable(t, err, "collections.Value.Get", at, "")
}

// counterUndecodable stores text at the key of a counter.
func counterUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := tagged(t, r, "c")
	for _, start := range []int64{0, 10} {
		c := counter.New(r.Client, at, counter.Start(start))
		must(t, r.Raw().Set(ctx, at, marker, 0).Err())
		_, err := c.Value(ctx)
		undecodable(t, err, "counter.Counter.Value", at, "")
		for op, call := range map[string]func() error{
			"Add":     func() error { return second(c.Add(ctx, 1)) },
			"AddOnce": func() error { return third(c.AddOnce(ctx, "token", 1)) },
		} {
			err := call()
			if !errors.Is(err, desir.ErrWrongType) || strings.Contains(err.Error(), marker) {
				t.Errorf("%s: error %v, want ErrWrongType", op, err)
			}
		}
		swapped, err := c.CompareAndSwap(ctx, start, 1)
		equal(t, "CompareAndSwap", answer(swapped, err), answer(false, nil))
		equal(t, "the counter", r.Raw().Get(ctx, at).Val(), marker)
		_, err = c.Swap(ctx, 4)
		undecodable(t, err, "counter.Counter.Swap", at, "")
		v, applied, err := c.AddOnce(ctx, "token", 1) // the failed call did not use the token up
		equal(t, "AddOnce after Swap", answer(v, applied, err), answer(int64(5), true, nil))
		must(t, c.Clear(ctx))
	}
}
