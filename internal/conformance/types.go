package conformance

import (
	"bytes"
	"context"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

type (
	userID         string
	level          uint8
	pair[A, B any] struct {
		First  A
		Second B
	}
	tree struct {
		Name string
		Kids []*tree
		At   time.Time
	}
)

// types stores values of many types in a Map, a List and a Value. Types that can be keys
// are also keys of a Map and members of a Set. There is only one type of each kind, since
// each type is compiled with all methods. Package codec tests all kinds of numbers.
func types(t *testing.T, r *redistest.Redis) {
	long := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	at := time.Date(2024, 2, 29, 12, 30, 0, 123456789, time.UTC)
	n := 7
	roundTripKeys(t, r, "", "a", "\x00", "\xff\xfe", "a\nb\r\n", "{a}{", long)
	roundTripKeys(t, r, userID(""), userID("ada"))
	roundTripKeys(t, r, true, false)
	roundTripKeys(t, r, 0, -1, math.MaxInt, math.MinInt)
	roundTripKeys(t, r, uint64(math.MaxUint64), uint64(1<<63))
	roundTripKeys(t, r, level(3))
	roundTripKeys(t, r, at, time.Time{})
	roundTripKeys(t, r, time.Duration(0), -time.Hour)
	roundTripKeys(t, r, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1"), netip.Addr{})
	roundTripKeys(t, r, pair[userID, pair[level, bool]]{"a", pair[level, bool]{1, true}}, pair[userID, pair[level, bool]]{})
	roundTripKeys(t, r, [3]int{1, 2, 3}, [3]int{})
	roundTripKeys(t, r, struct{}{})

	roundTripValues(t, r, 0.0, 0.1, math.MaxFloat64, -math.SmallestNonzeroFloat64, math.Inf(-1))
	roundTripValues(t, r, []byte{}, []byte{0, 255}, []byte(long))
	roundTripValues(t, r, &n, nil)
	roundTripValues(t, r, &cart{Owner: "ada"}, nil)
	roundTripValues(t, r, cart{}, cart{Owner: "ada", Items: []string{"pear"}, Total: -1})
	roundTripValues(t, r, []string{"a", ""}, []string{}, nil)
	roundTripValues(t, r, map[string]int{"a": 1, "": 2}, map[string]int{}, nil)
	roundTripValues(t, r, map[int][]cart{1: {{Owner: "ada"}}, 2: nil})
	roundTripValues(t, r, pair[[]string, map[string]pair[int, *tree]]{
		First:  []string{"a"},
		Second: map[string]pair[int, *tree]{"b": {1, &tree{Name: "root", At: at, Kids: []*tree{{Name: "leaf", At: at}, nil}}}},
	})
	roundTripValues[any](t, r, "text", true, nil)
}

// roundTripValues stores and reads values in every type that holds values.
func roundTripValues[T any](t *testing.T, r *redistest.Redis, vs ...T) {
	t.Helper()
	ctx := context.Background()
	at := name(t, r, reflect.TypeFor[T]().String())
	m := collections.NewMap[int, T](r.Client, at+" m")
	l := collections.NewList[T](r.Client, at+" l")
	x := collections.NewValue[T](r.Client, at+" v")
	_, err := l.PushBack(ctx, vs...)
	must(t, err)
	for i, v := range vs {
		must(t, m.Set(ctx, i, v))
		got, ok, err := m.Get(ctx, i)
		checkRead(t, "Map.Get", got, v, ok, err)
		got, ok, err = l.At(ctx, i)
		checkRead(t, "List.At", got, v, ok, err)
		must(t, x.Set(ctx, v))
		got, ok, err = x.Get(ctx)
		checkRead(t, "Value.Get", got, v, ok, err)
		if i > 0 {
			_, err = x.SetIfAbsent(ctx, v)
			must(t, err)
		}
		got, ok, err = m.Swap(ctx, i, v)
		checkRead(t, "Map.Swap", got, v, ok, err)
	}
	all, err := drain(l.All(ctx))
	checkRead(t, "List.All", all, vs, true, err)
	snapshot, err := m.Snapshot(ctx)
	for i, v := range vs {
		got, ok := snapshot[i]
		checkRead(t, "Map.Snapshot", got, v, ok, err)
	}
}

// roundTripKeys is roundTripValues, and also uses the values as keys and members.
func roundTripKeys[T comparable](t *testing.T, r *redistest.Redis, ks ...T) {
	t.Helper()
	roundTripValues(t, r, ks...)
	ctx := context.Background()
	at := name(t, r, reflect.TypeFor[T]().String())
	m := collections.NewMap[T, int](r.Client, at+" k")
	s := collections.NewSet[T](r.Client, at+" s")
	n, err := s.Add(ctx, ks...)
	equal(t, at+": Set.Add", results(n, err), results(len(ks), nil))
	for i, k := range ks {
		must(t, m.Set(ctx, k, i))
		got, ok, err := m.Get(ctx, k)
		checkRead(t, "Map.Get by key", got, i, ok, err)
		ok, err = s.Has(ctx, k)
		checkRead(t, "Set.Has", k, k, ok, err)
	}
	snapshot, err := m.Snapshot(ctx)
	members, err2 := s.Snapshot(ctx)
	must(t, err2)
	for i, k := range ks {
		got, ok := snapshot[k]
		checkRead(t, "Map.Snapshot by key", got, i, ok, err)
		checkRead(t, "Set.Snapshot", k, k, slices.Contains(members, k), nil)
	}
	if len(snapshot) != len(ks) || len(members) != len(ks) {
		t.Errorf("%s: %d keys and %d members, want %d", at, len(snapshot), len(members), len(ks))
	}
}

// checkRead checks a value that was read.
func checkRead[T any](t *testing.T, what string, got, want T, ok bool, err error) {
	t.Helper()
	if err != nil || !ok || !sameValue(got, want) {
		t.Errorf("%s of a %T = %.100v, %t, %v; want %.100v", what, want, any(got), ok, err, any(want))
	}
}

// sameValue is reflect.DeepEqual, but faster for long byte slices.
func sameValue(a, b any) bool {
	if a, ok := a.([]byte); ok {
		return bytes.Equal(a, b.([]byte))
	}
	return reflect.DeepEqual(a, b)
}

// names uses objects with arbitrary bytes in their names.
func names(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for i, odd := range []string{"\x00", "a\nb\r\n", "{", "}", "{}", "{}x{a}", "\xff\xfe", " ", "ключ", strings.Repeat("n", 10_000)} {
		for _, made := range []func(string) string{r.Key, r.TagKey} {
			m := collections.NewMap[string, int](r.Client, made(odd))
			must(t, m.Set(ctx, odd, i))
			v, ok, err := m.Get(ctx, odd)
			equal(t, "Get in "+odd, results(v, ok, err), results(i, true, nil))
			_, _, err = m.Swap(ctx, odd, i)
			must(t, err)
			keys, err := drain(m.Keys(ctx))
			equal(t, "Keys of "+odd, results(keys, err), results([]string{odd}, nil))
			must(t, m.Clear(ctx))
		}
	}
}
