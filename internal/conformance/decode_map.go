package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// mapUndecodable reads a hash with a value that is not a number, and one with such a key.
func mapUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[string, int64](r.Client, at)
	fill := func() { must(t, r.Raw().HSet(ctx, at, "good", 1, "bad", marker, "fine", 3).Err()) }
	op := func(s string) string { return "collections.Map." + s }
	good := map[string]int64{"good": 1, "fine": 3}
	fill()

	v, ok, err := m.Get(ctx, "bad")
	equal(t, "Get(bad)", results(v, ok), results(int64(0), false))
	checkDecodeError(t, err, op("Get"), at, "bad")
	many, err := m.GetMany(ctx, "good", "bad", "absent", "fine")
	equal(t, "GetMany", many, good)
	checkDecodeError(t, err, op("GetMany"), at, "bad")
	entries, err := m.Random(ctx, 3)
	equal(t, "Random", collect(entries), good)
	checkDecodeError(t, err, op("Random"), at, "bad")
	all, err := m.Snapshot(ctx)
	equal(t, "Snapshot", all, good)
	checkDecodeError(t, err, op("Snapshot"), at, "bad")

	walked, bad := drainWithErrors(m.All(ctx))
	equal(t, "All", collect(walked), good)
	checkOneDecodeError(t, bad, op("All"), at, "bad")
	values, bad := drainWithErrors(m.Values(ctx))
	slices.Sort(values)
	equal(t, "Values", values, []int64{1, 3})
	checkOneDecodeError(t, bad, op("Values"), at, "bad")
	keys, bad := drainWithErrors(m.Keys(ctx))
	equal(t, "Keys", results(len(keys), len(bad)), results(3, 0))

	v, ok, err = m.LoadOrStore(ctx, "bad", 5)
	equal(t, "LoadOrStore(bad)", results(v, ok), results(int64(0), false))
	checkDecodeError(t, err, op("LoadOrStore"), at, "bad")
	_, err = m.Update(ctx, "bad", func(int64, bool) (int64, bool, error) {
		t.Error("Update called its function")
		return 0, true, nil
	})
	checkDecodeError(t, err, op("Update"), at, "bad")
	if _, err = collections.Add(ctx, m, "bad", 1); !errors.Is(err, desir.ErrWrongType) || strings.Contains(err.Error(), marker) {
		t.Errorf("Add(bad): error %v, want ErrWrongType", err)
	}
	small := collections.NewMap[string, int8](r.Client, at)
	if _, err = collections.Add(ctx, small, "bad", 1); !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("Add(bad) to 8 bits: error %v, want ErrWrongType", err)
	}
	equal(t, "the hash", r.Raw().HGet(ctx, at, "bad").Val(), marker)

	_, _, err = m.Swap(ctx, "bad", 5)
	checkDecodeError(t, err, op("Swap"), at, "bad")
	equal(t, "the hash after Swap", r.Raw().HGet(ctx, at, "bad").Val(), "5")
	fill()
	_, _, err = m.LoadAndDelete(ctx, "bad")
	checkDecodeError(t, err, op("LoadAndDelete"), at, "bad")
	equal(t, "the hash after LoadAndDelete", r.Raw().HExists(ctx, at, "bad").Val(), false)
}

// mapUndecodableKeys reads a map with keys that do not decode, also with many of them.
func mapUndecodableKeys(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m := collections.NewMap[int, string](r.Client, at)
	must(t, r.Raw().HSet(ctx, at, "7", marker, "x", marker).Err())
	walked, bad := drainWithErrors(m.All(ctx))
	equal(t, "All", collect(walked), map[int]string{7: marker})
	checkOneDecodeError(t, bad, "collections.Map.All", at, "x")
	keys, bad := drainWithErrors(m.Keys(ctx))
	equal(t, "Keys", keys, []int{7})
	checkOneDecodeError(t, bad, "collections.Map.Keys", at, "x")
	all, err := m.Snapshot(ctx)
	equal(t, "Snapshot", all, map[int]string{7: marker})
	checkDecodeError(t, err, "collections.Map.Snapshot", at, "x")
	entries, err := m.Random(ctx, 5)
	equal(t, "Random", collect(entries), map[int]string{7: marker})
	checkDecodeError(t, err, "collections.Map.Random", at, "x")

	for i := range 250 {
		must(t, r.Raw().HSet(ctx, at, fmt.Sprint("x", i), marker).Err())
	}
	all, err = m.Snapshot(ctx)
	equal(t, "Snapshot of many bad ones", all, map[int]string{7: marker})
	if n := countDecodeErrors(err); n != 100 {
		t.Errorf("Snapshot joined %d errors, want 100", n)
	}
}

// countDecodeErrors counts the DecodeErrors in the chain of err.
func countDecodeErrors(err error) (n int) {
	switch e := err.(type) {
	case *codec.DecodeError:
		return 1
	case interface{ Unwrap() error }:
		return countDecodeErrors(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			n += countDecodeErrors(cause)
		}
	}
	return n
}
