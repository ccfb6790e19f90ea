package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// mapTTLs expires single keys of a map. If the server lacks that, it checks the errors.
func mapTTLs(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	m := collections.NewMap[string, string](r.Client, name(t, r, "m"))
	ttl := func(key string, lo, hi time.Duration) {
		t.Helper()
		d, ok, err := m.TTLOf(ctx, key)
		if err != nil || ok != (hi > 0) || d < lo || d > hi {
			t.Errorf("TTLOf(%q) = %v, %t, %v; want %v to %v", key, d, ok, err, lo, hi)
		}
	}
	has := func(key string, want bool) {
		t.Helper()
		ok, err := m.Has(ctx, key)
		equal(t, "Has "+key, results(ok, err), results(want, nil))
	}

	// Durations that are refused without a command.
	for _, d := range []time.Duration{0, -1, -time.Hour} {
		must(t, m.Set(ctx, "a", "v"))
		if err := m.SetTTL(ctx, "a", "w", d); err == nil || errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("SetTTL(%v): error %v", d, err)
		}
		v, _, err := m.Get(ctx, "a")
		equal(t, "Get", results(v, err), results("v", nil))
		n, err := m.ExpireKey(ctx, d, "a", "none")
		equal(t, "ExpireKey that deletes", results(n, err), results(1, nil))
		has("a", false)
	}
	n, err := m.ExpireKey(ctx, time.Hour)
	equal(t, "ExpireKey of nothing", results(n, err), results(0, nil))

	if (Call{Newer: true}).unsupported(ctx, r.Raw()) {
		mapTTLsLacking(t, m)
		return
	}
	ttl("none", 0, 0)
	must(t, m.SetTTL(ctx, "a", "v", time.Hour))
	ttl("a", 55*time.Minute, time.Hour)
	v, ok, err := m.Get(ctx, "a")
	equal(t, "Get", results(v, ok, err), results("v", true, nil))
	must(t, m.SetTTL(ctx, "a", "w", 3*time.Hour))
	ttl("a", 170*time.Minute, 3*time.Hour)
	must(t, m.Set(ctx, "b", "v"))
	ttl("b", 0, 0)
	n, err = m.ExpireKey(ctx, 2*time.Hour, "a", "none", "b")
	equal(t, "ExpireKey", results(n, err), results(2, nil))
	ttl("a", 115*time.Minute, 2*time.Hour)
	ttl("b", 115*time.Minute, 2*time.Hour)
	ttl("none", 0, 0)
	must(t, m.Set(ctx, "b", "w"))
	if r.Name != "embedded" { // HSET of the embedded server keeps the time to live
		ttl("b", 0, 0)
	}
	n, err = collections.NewMap[string, string](r.Client, name(t, r, "absent")).ExpireKey(ctx, time.Hour, "a")
	equal(t, "ExpireKey in no map", results(n, err), results(0, nil))

	for _, brief := range []time.Duration{1, time.Millisecond + 1, 30 * time.Millisecond} {
		must(t, m.SetTTL(ctx, "c", "v", brief))
		redistest.Eventually(t, 5*time.Second, func() bool {
			ok, err := m.Has(ctx, "c")
			must(t, err)
			return !ok
		}, "a key expires after "+brief.String())
		ttl("c", 0, 0)
	}
	must(t, m.Set(ctx, "d", "v"))
	n, err = m.ExpireKey(ctx, 1, "d")
	equal(t, "ExpireKey(1ns)", results(n, err), results(1, nil))
	redistest.Eventually(t, 10*time.Second, func() bool {
		ok, err := m.Has(ctx, "d")
		must(t, err)
		return !ok
	}, "a key expires after a nanosecond, or a second where that is the least")
	has("a", true)
}

// mapTTLsLacking uses a server without a time to live for fields. The error says what is
// missing, and nothing changes.
func mapTTLsLacking(t *testing.T, m *collections.Map[string, string]) {
	ctx := t.Context()
	must(t, m.Set(ctx, "a", "v"))
	for range 2 { // the second call remembers what is missing
		for op, tt := range map[string]struct {
			call  func(context.Context) error
			names []string
		}{
			"SetTTL":    {func(ctx context.Context) error { return m.SetTTL(ctx, "a", marker, time.Hour) }, []string{"HSETEX", "HPEXPIRE"}},
			"ExpireKey": {func(ctx context.Context) error { return second(m.ExpireKey(ctx, time.Hour, "a")) }, []string{"HPEXPIRE", "HEXPIRE"}},
			"TTLOf":     {func(ctx context.Context) error { return third(m.TTLOf(ctx, "a")) }, []string{"hpttl"}},
		} {
			for _, ctx := range []context.Context{ctx, context.Background()} {
				err := tt.call(ctx)
				outer, ok := err.(*desir.OpError)
				if !ok || outer.Op != "collections.Map."+op || !errors.Is(err, desir.ErrNotSupported) || errors.Is(err, desir.ErrMaybeRan) {
					t.Errorf("%s: error %v, want ErrNotSupported", op, err)
					continue
				}
				for _, word := range append(tt.names, "not supported") {
					if !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), marker) {
						t.Errorf("%s: the error does not name %s, or shows the value: %v", op, word, err)
					}
				}
			}
		}
	}
	v, ok, err := m.Get(ctx, "a")
	equal(t, "Get", results(v, ok, err), results("v", true, nil))
}
