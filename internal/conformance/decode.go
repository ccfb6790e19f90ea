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

// checkDecodeError checks the error for a stored item that does not decode. It names the
// place and does not contain the bytes.
func checkDecodeError(t *testing.T, err error, op, key, field string) {
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

// drainWithErrors reads a sequence to its end and returns the items and the errors.
func drainWithErrors[T any](seq iter.Seq2[T, error]) (good []T, bad []error) {
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

// checkOneDecodeError checks that a loop had exactly one error.
func checkOneDecodeError(t *testing.T, bad []error, op, key, field string) {
	t.Helper()
	if len(bad) != 1 {
		t.Errorf("%s: %d bad items %v, want 1", op, len(bad), bad)
		return
	}
	checkDecodeError(t, bad[0], op, key, field)
}

func valueUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "v")
	x := collections.NewValue[int](r.Client, at)
	must(t, r.Raw().Set(ctx, at, marker, 0).Err())
	v, ok, err := x.Get(ctx)
	equal(t, "Get", results(v, ok), results(0, false))
	checkDecodeError(t, err, "collections.Value.Get", at, "")
	_, err = x.Update(ctx, func(int, bool) (int, bool, error) { return 1, true, nil })
	checkDecodeError(t, err, "collections.Value.Update", at, "")
	equal(t, "the value", r.Raw().Get(ctx, at).Val(), marker)
	_, _, err = x.Swap(ctx, 5)
	checkDecodeError(t, err, "collections.Value.Swap", at, "")
	equal(t, "the value after Swap", r.Raw().Get(ctx, at).Val(), "5")

	// Codecs whose errors tend to quote their input.
	must(t, r.Raw().Set(ctx, at, marker, 0).Err())
	checkNotQuoted[time.Time](t, r.Client, at)
	checkNotQuoted[netip.Addr](t, r.Client, at)
	checkNotQuoted[float64](t, r.Client, at)
	checkNotQuoted[bool](t, r.Client, at)
	checkNotQuoted[struct{ A int }](t, r.Client, at)
	checkNotQuoted[[]string](t, r.Client, at)
	checkNotQuoted[map[string]any](t, r.Client, at)
	checkNotQuoted[struct{ A int }](t, r.Client, at, collections.WithCodec(codec.JSON))
	checkNotQuoted[string](t, r.Client, at, collections.WithCodec(codec.Sign(codec.Auto, ring(1))))
	checkNotQuoted[string](t, r.Client, at, collections.WithCodec(codec.Encrypt(codec.Auto, ring(1))))
	checkNotQuoted[string](t, r.Client, at, collections.WithCodec(codec.Compress(codec.Auto, 1)))
}

func checkNotQuoted[T any](t *testing.T, rdb client, at string, opts ...collections.Option) {
	t.Helper()
	_, _, err := collections.NewValue[T](rdb, at, opts...).Get(context.Background())
	checkDecodeError(t, err, "collections.Value.Get", at, "")
}

// counterUndecodable stores text at the key of a counter.
func counterUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := tagged(t, r, "c")
	for _, start := range []int64{0, 10} {
		c := counter.New(r.Client, at, counter.Start(start))
		must(t, r.Raw().Set(ctx, at, marker, 0).Err())
		_, err := c.Value(ctx)
		checkDecodeError(t, err, "counter.Counter.Value", at, "")
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
		equal(t, "CompareAndSwap", results(swapped, err), results(false, nil))
		equal(t, "the counter", r.Raw().Get(ctx, at).Val(), marker)
		_, err = c.Swap(ctx, 4)
		checkDecodeError(t, err, "counter.Counter.Swap", at, "")
		v, applied, err := c.AddOnce(ctx, "token", 1) // the failed call did not use the token up
		equal(t, "AddOnce after Swap", results(v, applied, err), results(int64(5), true, nil))
		must(t, c.Clear(ctx))
	}
}
