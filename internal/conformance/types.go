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
	asKey(t, r, "", "a", "\x00", "\xff\xfe", "a\nb\r\n", "{a}{", long)
	asKey(t, r, userID(""), userID("ada"))
	asKey(t, r, true, false)
	asKey(t, r, 0, -1, math.MaxInt, math.MinInt)
	asKey(t, r, uint64(math.MaxUint64), uint64(1<<63))
	asKey(t, r, level(3))
	asKey(t, r, at, time.Time{})
	asKey(t, r, time.Duration(0), -time.Hour)
	asKey(t, r, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1"), netip.Addr{})
	asKey(t, r, pair[userID, pair[level, bool]]{"a", pair[level, bool]{1, true}}, pair[userID, pair[level, bool]]{})
	asKey(t, r, [3]int{1, 2, 3}, [3]int{})
	asKey(t, r, struct{}{})

	asValue(t, r, 0.0, 0.1, math.MaxFloat64, -math.SmallestNonzeroFloat64, math.Inf(-1))
	asValue(t, r, []byte{}, []byte{0, 255}, []byte(long))
	asValue(t, r, &n, nil)
	asValue(t, r, &cart{Owner: "ada"}, nil)
	asValue(t, r, cart{}, cart{Owner: "ada", Items: []string{"pear"}, Total: -1})
	asValue(t, r, []string{"a", ""}, []string{}, nil)
	asValue(t, r, map[string]int{"a": 1, "": 2}, map[string]int{}, nil)
	asValue(t, r, map[int][]cart{1: {{Owner: "ada"}}, 2: nil})
	asValue(t, r, pair[[]string, map[string]pair[int, *tree]]{
		First:  []string{"a"},
		Second: map[string]pair[int, *tree]{"b": {1, &tree{Name: "root", At: at, Kids: []*tree{{Name: "leaf", At: at}, nil}}}},
	})
	asValue[any](t, r, "text", true, nil)
}

// asValue stores and reads values in every type that holds values.
func asValue[T any](t *testing.T, r *redistest.Redis, vs ...T) {
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
		back(t, "Map.Get", got, v, ok, err)
		got, ok, err = l.At(ctx, i)
		back(t, "List.At", got, v, ok, err)
		must(t, x.Set(ctx, v))
		got, ok, err = x.Get(ctx)
		back(t, "Value.Get", got, v, ok, err)
		if i > 0 {
			_, err = x.SetIfAbsent(ctx, v)
			must(t, err)
		}
		got, ok, err = m.Swap(ctx, i, v)
		back(t, "Map.Swap", got, v, ok, err)
	}
	all, err := drain(l.All(ctx))
	back(t, "List.All", all, vs, true, err)
	snapshot, err := m.Snapshot(ctx)
	for i, v := range vs {
		got, ok := snapshot[i]
		back(t, "Map.Snapshot", got, v, ok, err)
	}
}

// asKey is asValue, and also uses the values as keys and members.
func asKey[T comparable](t *testing.T, r *redistest.Redis, ks ...T) {
	t.Helper()
	asValue(t, r, ks...)
	ctx := context.Background()
	at := name(t, r, reflect.TypeFor[T]().String())
	m := collections.NewMap[T, int](r.Client, at+" k")
	s := collections.NewSet[T](r.Client, at+" s")
	n, err := s.Add(ctx, ks...)
	equal(t, at+": Set.Add", answer(n, err), answer(len(ks), nil))
	for i, k := range ks {
		must(t, m.Set(ctx, k, i))
		got, ok, err := m.Get(ctx, k)
		back(t, "Map.Get by key", got, i, ok, err)
		ok, err = s.Has(ctx, k)
		back(t, "Set.Has", k, k, ok, err)
	}
	snapshot, err := m.Snapshot(ctx)
	members, err2 := s.Snapshot(ctx)
	must(t, err2)
	for i, k := range ks {
		got, ok := snapshot[k]
		back(t, "Map.Snapshot by key", got, i, ok, err)
		back(t, "Set.Snapshot", k, k, slices.Contains(members, k), nil)
	}
	if len(snapshot) != len(ks) || len(members) != len(ks) {
		t.Errorf("%s: %d keys and %d members, want %d", at, len(snapshot), len(members), len(ks))
	}
}

// back checks a value that was read.
func back[T any](t *testing.T, what string, got, want T, ok bool, err error) {
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
			equal(t, "Get in "+odd, answer(v, ok, err), answer(i, true, nil))
			_, _, err = m.Swap(ctx, odd, i)
			must(t, err)
			keys, err := drain(m.Keys(ctx))
			equal(t, "Keys of "+odd, answer(keys, err), answer([]string{odd}, nil))
			must(t, m.Clear(ctx))
		}
	}
}
