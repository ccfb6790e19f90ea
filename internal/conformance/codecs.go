package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// ring is a key ring with a single key.
type ring byte

func (r ring) Current() (uint32, []byte) { return uint32(r), slices.Repeat([]byte{byte(r)}, 32) }

func (r ring) Key(id uint32) ([]byte, bool) {
	_, key := r.Current()
	return key, id == uint32(r)
}

// cart is a value whose content must not appear in errors.
type cart struct {
	Owner string
	Items []string
	Total int
}

func sampleCart() cart { return cart{Owner: marker, Items: []string{"pear", "fig"}, Total: 300} }

// codecsOf returns the codecs that store a cart, and whether equal carts have equal
// bytes.
func codecsOf() map[string]struct {
	codec     codec.Codec
	canonical bool
} {
	type row = struct {
		codec     codec.Codec
		canonical bool
	}
	return map[string]row{
		"nil":              {nil, true},
		"Auto":             {codec.Auto, true},
		"Msgpack":          {codec.Msgpack, true},
		"Limit":            {codec.Limit(codec.Auto, 1000), true},
		"JSON":             {codec.JSON, false},
		"Compress":         {codec.Compress(codec.Auto, 1), false},
		"Encrypt":          {codec.Encrypt(codec.Auto, ring(1)), false},
		"Sign":             {codec.Sign(codec.Auto, ring(1)), false},
		"Encrypt Compress": {codec.Encrypt(codec.Compress(codec.JSON, 1), ring(1)), false},
	}
}

// codecOptions stores values through every codec, in every type.
func codecOptions(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for called, tt := range codecsOf() {
		with := collections.WithCodec(tt.codec)
		m := collections.NewMap[string, cart](r.Client, name(t, r, called+"m"), with)
		l := collections.NewList[cart](r.Client, name(t, r, called+"l"), with)
		x := collections.NewValue[cart](r.Client, name(t, r, called+"v"), with)
		want := sampleCart()
		must(t, m.Set(ctx, "k", want))
		got, ok, err := m.Get(ctx, "k")
		equal(t, called+" in a map", results(got, ok, err), results(want, true, nil))
		_, err = l.PushBack(ctx, want)
		must(t, err)
		got, ok, err = l.At(ctx, 0)
		equal(t, called+" in a list", results(got, ok, err), results(want, true, nil))
		must(t, x.Set(ctx, want))
		got, ok, err = x.Get(ctx)
		equal(t, called+" in a value", results(got, ok, err), results(want, true, nil))

		// Methods that read bytes and compare these bytes work with any codec.
		got, err = m.Update(ctx, "k", func(c cart, ok bool) (cart, bool, error) { c.Total++; return c, ok, nil })
		equal(t, called+": Map.Update", results(got.Total, err), results(want.Total+1, nil))
		got, err = x.Update(ctx, func(c cart, ok bool) (cart, bool, error) { c.Total++; return c, ok, nil })
		equal(t, called+": Value.Update", results(got.Total, err), results(want.Total+1, nil))

		for op, call := range map[string]func() error{
			"Map.CompareAndSwap":   func() error { return second(m.CompareAndSwap(ctx, "k", want, want)) },
			"Map.CompareAndDelete": func() error { return second(m.CompareAndDelete(ctx, "k", want)) },
			"List.Index":           func() error { return third(l.Index(ctx, want)) },
			"List.Remove":          func() error { return second(l.Remove(ctx, want, 0)) },
			"List.InsertBefore":    func() error { return second(l.InsertBefore(ctx, want, want)) },
			"Value.CompareAndSwap": func() error { return second(x.CompareAndSwap(ctx, want, want)) },
		} {
			if err := call(); tt.canonical && err != nil || !tt.canonical && !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s with %s: error %v; ErrUnsupported: want %t", op, called, err, !tt.canonical)
			}
		}
	}
}

// codecBytes checks the stored bytes.
func codecBytes(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "v")
	stored := func(c codec.Codec, v cart) string {
		t.Helper()
		must(t, collections.NewValue[cart](r.Client, at, collections.WithCodec(c)).Set(ctx, v))
		return r.Raw().Get(ctx, at).Val()
	}
	equal(t, "JSON", stored(codec.JSON, cart{Owner: "ada"}), `{"Owner":"ada","Items":null,"Total":0}`)
	if raw := stored(codec.Encrypt(codec.Auto, ring(1)), sampleCart()); strings.Contains(raw, marker) {
		t.Errorf("Encrypt stored %q", raw)
	}
	long := cart{Owner: strings.Repeat("a", 10_000)}
	if n := len(stored(codec.Compress(codec.Auto, 100), long)); n > 1000 {
		t.Errorf("Compress stored %d bytes", n)
	}
	text := collections.NewValue[int](r.Client, at, collections.WithCodec(codec.Text))
	must(t, text.Set(ctx, -5))
	equal(t, "Text", r.Raw().Get(ctx, at).Val(), "-5")
	raw := collections.NewValue[[]byte](r.Client, at, collections.WithCodec(codec.Raw))
	must(t, raw.Set(ctx, []byte{0, 255}))
	equal(t, "Raw", r.Raw().Get(ctx, at).Val(), "\x00\xff")
}

// boundValues moves bytes to places to which they are not bound.
func boundValues(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for called, c := range map[string]codec.Codec{
		"Encrypt": codec.Encrypt(codec.Auto, ring(1)),
		"Sign":    codec.Sign(codec.Auto, ring(1)),
	} {
		with := collections.WithCodec(c)
		from, to := name(t, r, called+"from"), name(t, r, called+"to")
		m := collections.NewMap[string, cart](r.Client, from, with)
		must(t, m.Set(ctx, "k", sampleCart()))
		raw := r.Raw().HGet(ctx, from, "k").Val()
		must(t, r.Raw().HSet(ctx, to, "k", raw).Err())
		_, _, err := collections.NewMap[string, cart](r.Client, to, with).Get(ctx, "k")
		checkDecodeError(t, err, "collections.Map.Get", to, "k")
		if !errors.Is(err, codec.ErrSignature) {
			t.Errorf("%s: error %v, want ErrSignature", called, err)
		}
		must(t, r.Raw().HSet(ctx, from, "other", raw).Err()) // to another key of the same map
		_, _, err = m.Get(ctx, "other")
		checkDecodeError(t, err, "collections.Map.Get", from, "other")
		if !errors.Is(err, codec.ErrSignature) {
			t.Errorf("%s at another key: error %v, want ErrSignature", called, err)
		}
		must(t, r.Raw().Set(ctx, to+"v", raw, 0).Err())
		_, _, err = collections.NewValue[cart](r.Client, to+"v", with).Get(ctx)
		checkDecodeError(t, err, "collections.Value.Get", to+"v", "")
		_, ok, err := collections.NewMap[string, cart](r.NewClient(t), from, with).Get(ctx, "k")
		equal(t, called+" at its place", results(ok, err), results(true, nil))
	}
}

// exchangedValues exchanges the values of two keys of one map. Every method that reads
// them fails.
func exchangedValues(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for called, c := range map[string]codec.Codec{
		"Encrypt":         codec.Encrypt(codec.Auto, ring(1)),
		"Sign":            codec.Sign(codec.Auto, ring(1)),
		"Sign of Encrypt": codec.Limit(codec.Sign(codec.Compress(codec.Encrypt(codec.JSON, ring(1)), 1), ring(1)), 1000),
	} {
		at := name(t, r, called)
		m := collections.NewMap[string, string](r.Client, at, collections.WithCodec(c))
		must(t, m.SetMany(ctx, map[string]string{"root": "admin", "mallory": "guest"}))
		must(t, m.Set(ctx, "eve", "guest"))
		must(t, second(m.SetIfAbsent(ctx, "ada", "user")))
		must(t, second(m.Update(ctx, "ada", func(s string, _ bool) (string, bool, error) { return s + "!", true, nil })))
		got, _, err := m.Swap(ctx, "eve", "nobody")
		equal(t, called+": Swap", results(got, err), results("guest", nil))
		all, err := m.Snapshot(ctx)
		equal(t, called+": at their places", results(all, err), results(map[string]string{"root": "admin", "mallory": "guest", "eve": "nobody", "ada": "user!"}, nil))

		keep := func(s string, _ bool) (string, bool, error) { return s, true, nil }
		for op, call := range map[string]func() error{
			"Get":           func() error { return third(m.Get(ctx, "mallory")) },
			"GetMany":       func() error { return second(m.GetMany(ctx, "root", "mallory")) },
			"Snapshot":      func() error { return second(m.Snapshot(ctx)) },
			"All":           func() error { return second(drain(m.All(ctx))) },
			"Values":        func() error { return second(drain(m.Values(ctx))) },
			"Swap":          func() error { return third(m.Swap(ctx, "mallory", "admin")) },
			"Update":        func() error { return second(m.Update(ctx, "mallory", keep)) },
			"LoadOrStore":   func() error { return third(m.LoadOrStore(ctx, "mallory", "guest")) },
			"LoadAndDelete": func() error { return third(m.LoadAndDelete(ctx, "mallory")) },
		} {
			must(t, r.Raw().HSet(ctx, at, "mallory", r.Raw().HGet(ctx, at, "root").Val()).Err())
			if err := call(); !errors.Is(err, codec.ErrSignature) {
				t.Errorf("%s: %s of an exchanged value: %v, want ErrSignature", called, op, err)
			}
		}
	}
}

// boundElements moves elements from one list to another. The bytes stay bound to the
// first.
func boundElements(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	with := collections.WithCodec(codec.Encrypt(codec.Auto, ring(1)))
	a := collections.NewList[cart](r.Client, tagged(t, r, "a"), with)
	b := collections.NewList[cart](r.Client, tagged(t, r, "b"), with)
	_, err := a.PushBack(ctx, sampleCart())
	must(t, err)
	got, ok, err := a.Move(ctx, collections.Front, b, collections.Back)
	equal(t, "Move", results(got, ok, err), results(sampleCart(), true, nil))
	_, _, err = b.At(ctx, 0)
	checkDecodeError(t, err, "collections.List.At", b.Key(), "")
	_, _, err = b.Move(ctx, collections.Front, a, collections.Back) // returns the same error, but loses nothing
	checkDecodeError(t, err, "collections.List.Move", b.Key(), "")
	got, ok, err = a.PopFront(ctx)
	equal(t, "PopFront at its place", results(got, ok, err), results(sampleCart(), true, nil))
}

// limits: a value above the limits is refused before it is sent or decoded.
func limits(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	rdb := r.NewClient(t)
	at := name(t, r, "v")
	with := collections.WithCodec(codec.Limit(codec.Auto, 10))
	x := collections.NewValue[string](rdb, at, with)
	l := collections.NewList[string](rdb, at, with)
	m := collections.NewMap[string, string](rdb, at, with)
	trips := redistest.CountTrips(rdb)
	long := marker + marker
	for op, call := range map[string]func() error{
		"Value.Set":       func() error { return x.Set(ctx, long) },
		"Value.Swap":      func() error { return third(x.Swap(ctx, long)) },
		"List.PushBack":   func() error { return second(l.PushBack(ctx, "short", long)) },
		"List.SetAt":      func() error { return second(l.SetAt(ctx, 0, long)) },
		"Map.Set":         func() error { return m.Set(ctx, "k", long) },
		"Map.SetMany":     func() error { return m.SetMany(ctx, map[string]string{"k": long}) },
		"Map.LoadOrStore": func() error { return third(m.LoadOrStore(ctx, "k", long)) },
	} {
		err := call()
		if !errors.Is(err, codec.ErrTooLarge) || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: error %v, want ErrTooLarge", op, err)
		}
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips %q", n, trips.Commands())
	}
	must(t, r.Raw().Set(ctx, at, long, 0).Err())
	_, _, err := x.Get(ctx)
	checkDecodeError(t, err, "collections.Value.Get", at, "")
	if !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("Get: error %v, want ErrTooLarge", err)
	}
}

// badOptions: with invalid options every call fails.
func badOptions(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "o")
	for called, err := range map[string]error{
		"JSON keys":    second(collections.NewSet[string](r.Client, at, collections.WithKeyCodec(codec.JSON)).Len(ctx)),
		"members":      second(collections.NewSet[string](r.Client, at, collections.WithCodec(codec.Encrypt(codec.Auto, ring(1)))).Add(ctx, "open")),
		"sorted":       second(collections.NewSortedSet[string](r.Client, at, collections.WithCodec(codec.JSON)).Add(ctx, "open", 1)),
		"signed keys":  second(collections.NewMap[string, int](r.Client, at, collections.WithKeyCodec(codec.Sign(codec.Auto, ring(1)))).Len(ctx)),
		"text struct":  second(collections.NewList[cart](r.Client, at, collections.WithCodec(codec.Text)).Len(ctx)),
		"raw int":      third(collections.NewValue[int](r.Client, at, collections.WithCodec(codec.Raw)).Get(ctx)),
		"text key":     second(collections.NewSet[[2]int](r.Client, at, collections.WithKeyCodec(codec.Text)).Len(ctx)),
		"encrypt a ch": second(collections.NewList[chan int](r.Client, at, collections.WithCodec(codec.Encrypt(codec.Auto, ring(1)))).Len(ctx)),
	} {
		if !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: error %v, want ErrUnsupported", called, err)
		}
	}
	for called, err := range map[string]error{
		"MaxLen(0)":       second(collections.NewList[int](r.Client, at, collections.MaxLen(0)).Len(ctx)),
		"MaxLen of a Map": second(collections.NewMap[int, int](r.Client, at, collections.MaxLen(3)).Len(ctx)),
		"MaxLen of a Set": second(collections.NewSet[int](r.Client, at, collections.MaxLen(3)).Exists(ctx)),
	} {
		if op := new(desir.OpError); !errors.As(err, &op) || !strings.Contains(err.Error(), "MaxLen") {
			t.Errorf("%s: error %v, want one that says MaxLen", called, err)
		}
	}
	keys := collections.NewMap[string, int](r.Client, at, collections.WithKeyCodec(codec.Raw), nil)
	must(t, keys.Set(ctx, "\xff", 1))
	equal(t, "the field", r.Raw().HKeys(ctx, at).Val(), []string{"\xff"})
}
