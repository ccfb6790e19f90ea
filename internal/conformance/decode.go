package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
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

// undecodable checks the error of one stored item that does not decode: it
// names the place and never shows the bytes.
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

// tolerant goes through a sequence, keeps the good items and counts the bad.
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

// mapUndecodable has a hash with a value, and one with a key, that no number is.
func mapUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[string, int64](r.Client, at)
	fill := func() { must(t, r.Raw().HSet(ctx, at, "good", 1, "bad", marker, "fine", 3).Err()) }
	op := func(s string) string { return "collections.Map." + s }
	good := map[string]int64{"good": 1, "fine": 3}
	fill()

	v, ok, err := m.Get(ctx, "bad")
	equal(t, "Get(bad)", answer(v, ok), answer(int64(0), false))
	undecodable(t, err, op("Get"), at, "bad")
	many, err := m.GetMany(ctx, "good", "bad", "absent", "fine")
	equal(t, "GetMany", many, good)
	undecodable(t, err, op("GetMany"), at, "bad")
	entries, err := m.Random(ctx, 3)
	equal(t, "Random", collect(entries), good)
	undecodable(t, err, op("Random"), at, "bad")
	all, err := m.Snapshot(ctx)
	equal(t, "Snapshot", all, good)
	undecodable(t, err, op("Snapshot"), at, "bad")

	walked, bad := tolerant(m.All(ctx))
	equal(t, "All", collect(walked), good)
	one(t, bad, op("All"), at, "bad")
	values, bad := tolerant(m.Values(ctx))
	slices.Sort(values)
	equal(t, "Values", values, []int64{1, 3})
	one(t, bad, op("Values"), at, "bad")
	keys, bad := tolerant(m.Keys(ctx))
	equal(t, "Keys", answer(len(keys), len(bad)), answer(3, 0))

	v, ok, err = m.LoadOrStore(ctx, "bad", 5)
	equal(t, "LoadOrStore(bad)", answer(v, ok), answer(int64(0), false))
	undecodable(t, err, op("LoadOrStore"), at, "bad")
	_, err = m.Update(ctx, "bad", func(int64, bool) (int64, bool, error) {
		t.Error("Update called its function")
		return 0, true, nil
	})
	undecodable(t, err, op("Update"), at, "bad")
	if _, err = collections.Add(ctx, m, "bad", 1); !errors.Is(err, desir.ErrWrongType) || strings.Contains(err.Error(), marker) {
		t.Errorf("Add(bad): error %v, want ErrWrongType", err)
	}
	small := collections.NewMap[string, int8](r.Client, at)
	if _, err = collections.Add(ctx, small, "bad", 1); err == nil || r.Name != "embedded" && !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("Add(bad) to 8 bits: error %v, want ErrWrongType", err)
	}
	equal(t, "the hash", r.Raw().HGet(ctx, at, "bad").Val(), marker)

	_, _, err = m.Swap(ctx, "bad", 5)
	undecodable(t, err, op("Swap"), at, "bad")
	equal(t, "the hash after Swap", r.Raw().HGet(ctx, at, "bad").Val(), "5")
	fill()
	_, _, err = m.LoadAndDelete(ctx, "bad")
	undecodable(t, err, op("LoadAndDelete"), at, "bad")
	equal(t, "the hash after LoadAndDelete", r.Raw().HExists(ctx, at, "bad").Val(), false)
}

// one checks the only bad item of a loop.
func one(t *testing.T, bad []error, op, key, field string) {
	t.Helper()
	if len(bad) != 1 {
		t.Errorf("%s: %d bad items %v, want 1", op, len(bad), bad)
		return
	}
	undecodable(t, bad[0], op, key, field)
}

// mapUndecodableKeys has keys that do not decode, and many of them.
func mapUndecodableKeys(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[int, string](r.Client, at)
	must(t, r.Raw().HSet(ctx, at, "7", marker, "x", marker).Err())
	walked, bad := tolerant(m.All(ctx))
	equal(t, "All", collect(walked), map[int]string{7: marker})
	one(t, bad, "collections.Map.All", at, "x")
	keys, bad := tolerant(m.Keys(ctx))
	equal(t, "Keys", keys, []int{7})
	one(t, bad, "collections.Map.Keys", at, "x")
	all, err := m.Snapshot(ctx)
	equal(t, "Snapshot", all, map[int]string{7: marker})
	undecodable(t, err, "collections.Map.Snapshot", at, "x")
	entries, err := m.Random(ctx, 5)
	equal(t, "Random", collect(entries), map[int]string{7: marker})
	undecodable(t, err, "collections.Map.Random", at, "x")

	for i := range 250 {
		must(t, r.Raw().HSet(ctx, at, fmt.Sprint("x", i), marker).Err())
	}
	all, err = m.Snapshot(ctx)
	equal(t, "Snapshot of many bad ones", all, map[int]string{7: marker})
	if n := strings.Count(fmt.Sprint(err), "cannot decode"); n != 100 {
		t.Errorf("Snapshot joined %d errors, want 100", n)
	}
}

func setUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at, to := tagged(t, r, "s"), tagged(t, r, "to")
	s, empty := collections.NewSet[int](r.Client, at), collections.NewSet[int](r.Client, to)
	fill := func() { must(t, r.Raw().SAdd(ctx, at, "1", marker, "3").Err()) }
	fill()
	for op, call := range map[string]func() ([]int, error){
		"Snapshot":  func() ([]int, error) { return s.Snapshot(ctx) },
		"Random":    func() ([]int, error) { return s.Random(ctx, 3) },
		"Union":     func() ([]int, error) { return s.Union(ctx, empty) },
		"Intersect": func() ([]int, error) { return s.Intersect(ctx) },
		"Diff":      func() ([]int, error) { return s.Diff(ctx, empty) },
	} {
		ms, err := call()
		slices.Sort(ms)
		equal(t, op, ms, []int{1, 3})
		undecodable(t, err, "collections.Set."+op, at, "")
	}
	walked, bad := tolerant(s.All(ctx))
	slices.Sort(walked)
	equal(t, "All", walked, []int{1, 3})
	one(t, bad, "collections.Set.All", at, "")
	ms, err := s.PopN(ctx, 3)
	slices.Sort(ms)
	equal(t, "PopN", ms, []int{1, 3})
	undecodable(t, err, "collections.Set.PopN", at, "")
	must(t, r.Raw().SAdd(ctx, at, marker).Err())
	m, ok, err := s.Pop(ctx)
	equal(t, "Pop", answer(m, ok), answer(0, false))
	undecodable(t, err, "collections.Set.Pop", at, "")
	equal(t, "the set", r.Raw().SCard(ctx, at).Val(), int64(0))
}

func listUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at, to := tagged(t, r, "l"), tagged(t, r, "to")
	l, other := collections.NewList[int](r.Client, at), collections.NewList[int](r.Client, to)
	fill := func(vs ...any) {
		must(t, r.Raw().Del(ctx, at, to).Err())
		must(t, r.Raw().RPush(ctx, at, vs...).Err())
	}
	fill("1", marker, "3")
	v, ok, err := l.At(ctx, 1)
	equal(t, "At", answer(v, ok), answer(0, false))
	undecodable(t, err, "collections.List.At", at, "")
	vs, err := l.Slice(ctx, 0, -1)
	equal(t, "Slice", vs, []int{1, 3})
	undecodable(t, err, "collections.List.Slice", at, "")
	walked, bad := tolerant(l.All(ctx))
	equal(t, "All", walked, []int{1, 3})
	one(t, bad, "collections.List.All", at, "")
	walked, bad = tolerant(l.Backward(ctx))
	equal(t, "Backward", walked, []int{3, 1})
	one(t, bad, "collections.List.Backward", at, "")
	vs, err = l.PopN(ctx, 3)
	equal(t, "PopN", vs, []int{1, 3})
	undecodable(t, err, "collections.List.PopN", at, "")
	for op, call := range map[string]func() (int, bool, error){
		"PopFront": func() (int, bool, error) { return l.PopFront(ctx) },
		"PopBack":  func() (int, bool, error) { return l.PopBack(ctx) },
		"Move":     func() (int, bool, error) { return l.Move(ctx, collections.Front, other, collections.Back) },
	} {
		fill(marker)
		v, ok, err := call()
		equal(t, op, answer(v, ok), answer(0, false))
		undecodable(t, err, "collections.List."+op, at, "")
		equal(t, "the list after "+op, r.Raw().LLen(ctx, at).Val(), int64(0))
	}
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

	// Decoders that like to quote what they were given.
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

// counterUndecodable has text where a number should be.
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
		v, applied, err := c.AddOnce(ctx, "token", 1) // was not used up by the refusal
		equal(t, "AddOnce after Swap", answer(v, applied, err), answer(int64(5), true, nil))
		must(t, c.Clear(ctx))
	}
}
