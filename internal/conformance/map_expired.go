package conformance

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// mapExpired calls every method with keys whose time to live has ended. A server deletes
// such fields only ten times a second, and some of its commands treat them as present
// until then. So each call is repeated many times.
func mapExpired(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	if (Call{Newer: true}).unsupported(ctx, r.Raw()) {
		t.Skip("the server knows no time to live of fields")
	}
	m := collections.NewMap[string, string](r.Client, name(t, r, "m"))
	numbers := collections.NewMap[string, int](r.Client, name(t, r, "numbers"))
	gone := func(k string) []any {
		v, ok, err := m.Get(ctx, k)
		return results(v, ok, err)
	}
	absent := results("", false, nil)
	methods := map[string]struct {
		call func(k string) []any
		want []any
	}{
		"Get": {gone, absent},
		"GetMany": {func(k string) []any {
			found, err := m.GetMany(ctx, k)
			return results(len(found), err)
		}, results(0, nil)},
		"Has": {func(k string) []any {
			ok, err := m.Has(ctx, k)
			return results(ok, err)
		}, results(false, nil)},
		"TTLOf": {func(k string) []any {
			d, ok, err := m.TTLOf(ctx, k)
			return results(d, ok, err)
		}, results(time.Duration(0), false, nil)},
		"ExpireKey": {func(k string) []any {
			n, err := m.ExpireKey(ctx, time.Hour, k, k+"none")
			return append(results(n, err), gone(k)...)
		}, append(results(0, nil), absent...)},
		"Delete": {func(k string) []any { // HDEL may count an expired field
			_, err := m.Delete(ctx, k)
			return append(results(err), gone(k)...)
		}, append(results(nil), absent...)},
		"Set": {func(k string) []any {
			err := m.Set(ctx, k, "new")
			return append(results(err), gone(k)...)
		}, results(nil, "new", true, nil)},
		"SetTTL": {func(k string) []any {
			err := m.SetTTL(ctx, k, "new", time.Hour)
			return append(results(err), gone(k)...)
		}, results(nil, "new", true, nil)},
		"SetIfAbsent": {func(k string) []any {
			stored, err := m.SetIfAbsent(ctx, k, "new")
			return append(results(stored, err), gone(k)...)
		}, results(true, nil, "new", true, nil)},
		"Swap": {func(k string) []any {
			v, ok, err := m.Swap(ctx, k, "new")
			return results(v, ok, err)
		}, absent},
		"LoadOrStore": {func(k string) []any {
			v, loaded, err := m.LoadOrStore(ctx, k, "new")
			return results(v, loaded, err)
		}, results("new", false, nil)},
		"LoadAndDelete": {func(k string) []any {
			v, ok, err := m.LoadAndDelete(ctx, k)
			return results(v, ok, err)
		}, absent},
		"CompareAndSwap": {func(k string) []any {
			ok, err := m.CompareAndSwap(ctx, k, "old", "new")
			return append(results(ok, err), gone(k)...)
		}, append(results(false, nil), absent...)},
		"CompareAndDelete": {func(k string) []any {
			ok, err := m.CompareAndDelete(ctx, k, "old")
			return results(ok, err)
		}, results(false, nil)},
		"Update": {func(k string) []any {
			var seen bool
			_, err := m.Update(ctx, k, func(_ string, ok bool) (string, bool, error) {
				seen = ok
				return "new", true, nil
			})
			return append(results(seen, err), gone(k)...)
		}, results(false, nil, "new", true, nil)},
		"Add": {func(k string) []any {
			n, err := collections.Add(ctx, numbers, k, 1)
			return results(n, err)
		}, results(1, nil)},
	}
	for try := range 30 {
		key := func(of string) string { return fmt.Sprint(of, " ", try) }
		must(t, m.SetTTL(ctx, key("walk"), "old", time.Millisecond))
		for op := range methods {
			must(t, m.SetTTL(ctx, key(op), "old", time.Millisecond))
			must(t, numbers.SetTTL(ctx, key(op), 5, time.Millisecond))
		}
		over := time.Now().Add(3 * time.Millisecond)
		redistest.Eventually(t, 10*time.Second, func() bool {
			return time.Now().After(over) && (r.Name != "embedded" || gone(key("walk"))[1] == false)
		}, "the times to live have ended")
		walksMiss(ctx, t, m, key("walk"))
		for op, tt := range methods {
			equal(t, fmt.Sprintf("%s after the end, try %d", op, try), tt.call(key(op)), tt.want)
		}
		if t.Failed() {
			return
		}
	}
}

// walksMiss iterates over the map in every way and checks that the key is not yielded.
func walksMiss(ctx context.Context, t *testing.T, m *collections.Map[string, string], key string) {
	t.Helper()
	keys, err := drain(m.Keys(ctx))
	must(t, err)
	for _, k := range keys {
		if k == key {
			t.Error("Keys has an expired key")
		}
	}
	random, err := m.Random(ctx, 10000)
	must(t, err)
	all, err := drain(m.All(ctx))
	must(t, err)
	snapshot, err := m.Snapshot(ctx)
	must(t, err)
	for what, found := range map[string]map[string]string{
		"Random": collect(random), "All": collect(all), "Snapshot": snapshot,
	} {
		if _, ok := found[key]; ok {
			t.Errorf("%s has an expired key", what)
		}
	}
}
