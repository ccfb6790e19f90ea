package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// refusal is a write that cannot be executed.
type refusal struct {
	name  string
	want  error // nil: any
	key   func(o objects) string
	spoil func(ctx context.Context, o objects, raw client) error
	do    func(o objects, tx *desir.Tx)
}

// refusals returns each kind of write at a key of another type, and the other reasons for
// which a write cannot be executed.
func refusals(t *testing.T) (all []refusal) {
	for _, w := range atomicKinds() {
		if w.kind != "" {
			all = append(all, refusal{w.name + " at another type", desir.ErrWrongType, w.key, func(_ context.Context, o objects, raw client) error {
				storeOtherType(t, raw, w.key(o), w.kind)
				return nil
			}, w.do})
		}
	}
	counter := func(o objects) string { return o.c.Key() }
	number := func(text string) func(context.Context, objects, client) error {
		return func(ctx context.Context, o objects, raw client) error { return raw.Set(ctx, o.c.Key(), text, 0).Err() }
	}
	addOf := func(n int64) func(objects, *desir.Tx) { return func(o objects, tx *desir.Tx) { o.c.In(tx).Add(n) } }
	for _, text := range []string{"", "x", " 1", "1 ", "+1", "01", "-0", "1.5", "1e3", "9223372036854775808", "-9223372036854775809", "99999999999999999999999"} {
		all = append(all, refusal{fmt.Sprintf("Add to the text %q", text), desir.ErrWrongType, counter, number(text), addOf(1)})
	}
	for _, tt := range []struct {
		old string
		by  int64
	}{
		{"9223372036854775807", 1},
		{"9223372036854775806", 2},
		{"1", math.MaxInt64},
		{"-9223372036854775808", -1},
		{"-2", math.MinInt64 + 1},
		{"-1", math.MinInt64},
		{"9223372036000000000", 854775808},
		{"-9223372036000000000", -854775809},
	} {
		all = append(all, refusal{fmt.Sprintf("%s + %d", tt.old, tt.by), nil, counter, number(tt.old), addOf(tt.by)})
	}
	bounded := func(o objects) string { return o.bounded.Key() }
	send := func(o objects, tx *desir.Tx) { o.bounded.In(tx).Send("v") }
	return append(all,
		refusal{"a full channel", desir.ErrFull, bounded, func(ctx context.Context, o objects, raw client) error {
			return raw.RPush(ctx, o.bounded.Key(), "a", "b").Err()
		}, send},
		refusal{"a closed channel", desir.ErrClosed, bounded, func(ctx context.Context, o objects, _ client) error {
			return o.bounded.Close(ctx)
		}, send},
	)
}

// atomicRefusals puts each write that cannot be executed before, between and behind others.
// Nothing may change.
func atomicRefusals(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	for _, c := range refusals(t) {
		for position := range 3 {
			for _, key := range ownKeys(t, r) {
				must(t, r.Raw().Del(ctx, key).Err())
			}
			must(t, c.spoil(ctx, o, r.Raw()))
			before := snapshot(t, r)
			err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
				around(o, tx, position, func() { c.do(o, tx) })
				return nil
			})
			op, ok := errors.AsType[*desir.OpError](err)
			switch {
			case !ok || op.Op != "desir.Atomic" || op.Key != c.key(o):
				t.Errorf("%s at position %d: %v; want an OpError of desir.Atomic at %s", c.name, position, err, c.key(o))
			case c.want != nil && !errors.Is(err, c.want), errors.Is(err, desir.ErrMaybeRan):
				t.Errorf("%s at position %d: %v; want %v", c.name, position, err, c.want)
			}
			equal(t, fmt.Sprintf("after %s at position %d", c.name, position), snapshot(t, r), before)
		}
	}
}

// around queues two writes that can be executed, and another at a position among them.
func around(o objects, tx *desir.Tx, position int, other func()) {
	for i := range 3 {
		switch {
		case i == position:
			other()
		case i == 2 || i == 1 && position == 2:
			o.s.In(tx).Add("written")
		default:
			o.v.In(tx).Set("written")
		}
	}
}

// atomicSimulated has writes whose result depends on earlier writes of the transaction.
func atomicSimulated(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	at := func(key string) objects { return newObjects(r.Client, func(string) string { return key }) }
	same := at(tagged(t, r, "same")) // objects of all types at one key
	for _, tt := range []struct {
		name string
		want error  // nil: it is written
		text string // part of the error if want is errAny
		do   func(tx *desir.Tx)
		left string // contents of the key
	}{
		{"Set, Add", nil, "", func(tx *desir.Tx) { same.c.In(tx).Set(math.MaxInt64 - 1); same.c.In(tx).Add(1) }, `string "9223372036854775807", expires: false`},
		{"Set, Add over", errAny, "overflow", func(tx *desir.Tx) { same.c.In(tx).Set(math.MaxInt64 - 1); same.c.In(tx).Add(2) }, ""},
		{"Add, Add over", errAny, "overflow", func(tx *desir.Tx) { same.c.In(tx).Add(math.MaxInt64); same.c.In(tx).Add(1) }, ""},
		{"Add, Add below", errAny, "overflow", func(tx *desir.Tx) { same.c.In(tx).Add(math.MinInt64); same.c.In(tx).Add(-1) }, ""},
		{"Add up and down", nil, "", func(tx *desir.Tx) {
			same.c.In(tx).Add(math.MaxInt64)
			same.c.In(tx).Add(math.MinInt64)
			same.c.In(tx).Add(-math.MaxInt64)
		}, `string "-9223372036854775808", expires: false`},
		{"Add from a start", nil, "", func(tx *desir.Tx) { same.from.In(tx).Add(1); same.from.In(tx).Add(1) }, `string "12", expires: false`},
		{"Add from a start over", errAny, "overflow", func(tx *desir.Tx) { same.from.In(tx).Add(math.MaxInt64 - 9) }, ""},
		{"text, Add", desir.ErrWrongType, "", func(tx *desir.Tx) { same.v.In(tx).Set("x"); same.c.In(tx).Add(1) }, ""},
		{"text, Delete, Add", nil, "", func(tx *desir.Tx) { same.v.In(tx).Set("x"); same.v.In(tx).Delete(); same.c.In(tx).Add(1) }, `string "1", expires: false`},
		{"Set, PushBack", desir.ErrWrongType, "", func(tx *desir.Tx) { same.s.In(tx).Add("m"); same.l.In(tx).PushBack("v") }, ""},
		{"Set, Delete, PushBack", nil, "", func(tx *desir.Tx) {
			same.s.In(tx).Add("m")
			same.v.In(tx).Delete()
			same.l.In(tx).PushBack("v")
		}, `list ["v"], expires: false`},
		{"Remove of nothing, Set", nil, "", func(tx *desir.Tx) { same.s.In(tx).Remove("m"); same.m.In(tx).Set("k", "v") }, `hash map["k":"v"], expires: false`},
		{"Value over a set", nil, "", func(tx *desir.Tx) { same.s.In(tx).Add("m"); same.v.In(tx).Set("v") }, `string "v", expires: false`},
		{"Value, Set", desir.ErrWrongType, "", func(tx *desir.Tx) { same.v.In(tx).Set("v"); same.s.In(tx).Add("m") }, ""},
		{"two sends of two", nil, "", func(tx *desir.Tx) { same.bounded.In(tx).Send("1"); same.bounded.In(tx).Send("2") }, `list ["1" "2"], expires: false`},
		{"three sends of two", desir.ErrFull, "", func(tx *desir.Tx) {
			same.bounded.In(tx).Send("1")
			same.bounded.In(tx).Send("2")
			same.bounded.In(tx).Send("3")
		}, ""},
		{"a send after a push", desir.ErrFull, "", func(tx *desir.Tx) { same.l.In(tx).PushBack("1", "2"); same.bounded.In(tx).Send("3") }, ""},
		{"a send after a ring", desir.ErrFull, "", func(tx *desir.Tx) { same.ring.In(tx).PushFront("1", "2", "3"); same.bounded.In(tx).Send("3") }, ""},
		{"a send after Delete", nil, "", func(tx *desir.Tx) {
			same.l.In(tx).PushBack("1", "2")
			same.v.In(tx).Delete()
			same.bounded.In(tx).Send("3")
		}, `list ["3"], expires: false`},
	} {
		for _, key := range ownKeys(t, r) {
			must(t, r.Raw().Del(ctx, key).Err())
		}
		err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			o.z.In(tx).Add("other", 1)
			tt.do(tx)
			return nil
		})
		checkSimulated(t, tt.name, err, tt.want, tt.text)
		want := "none [], expires: false"
		if tt.want == nil {
			want = tt.left
		}
		if got := contents(t, r.Raw(), same.v.Key()); got != want && !(tt.want != nil && got[:4] == "none") {
			t.Errorf("%s: the key holds %s; want %s", tt.name, got, want)
		}
		if n := r.Raw().Exists(ctx, o.z.Key()).Val(); n == 1 != (tt.want == nil) {
			t.Errorf("%s: the other write was executed: %t", tt.name, n == 1)
		}
	}
}

// errAny stands for an error that has no sentinel.
var errAny = errors.New("an error")

func checkSimulated(t *testing.T, name string, err, want error, text string) {
	t.Helper()
	switch {
	case want == nil:
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	case errors.Is(want, errAny):
		if err == nil || !containsText(err, text) {
			t.Errorf("%s: %v; want an error with %q", name, err, text)
		}
	case !errors.Is(err, want):
		t.Errorf("%s: %v; want %v", name, err, want)
	}
}
