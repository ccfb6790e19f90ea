package codec

import (
	"bytes"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"
)

// langTag is a text in an unexported field, as language.Tag is.
type langTag struct{ code string }

func (l langTag) MarshalText() ([]byte, error)  { return []byte(l.code), nil }
func (l *langTag) UnmarshalText(b []byte) error { l.code = string(b); return nil }

// centsZero has a method IsZero.
type centsZero struct{ cents int }

func (c centsZero) MarshalText() ([]byte, error)  { return []byte{byte('0' + c.cents)}, nil }
func (c *centsZero) UnmarshalText(b []byte) error { c.cents = int(b[0] - '0'); return nil }
func (c centsZero) IsZero() bool                  { return c.cents == 0 }

// TestOmitEmpty checks that a field that was left out is decoded as it was.
func TestOmitEmpty(t *testing.T) {
	omitted(t, netip.MustParseAddr("10.0.0.1"))
	omitted(t, netip.MustParsePrefix("10.0.0.0/8"))
	omitted(t, netip.AddrPort{})
	omitted(t, *big.NewInt(7))
	omitted(t, langTag{"de"})
	omitted(t, centsZero{5})
	omitted(t, celsius{3})
	omitted(t, shy{"x"})
	omitted(t, time.Unix(5, 0).UTC())
	omitted(t, &time.Time{})
	omitted(t, &netip.Addr{})
	omitted(t, &centsZero{})
	omitted(t, ptr(0))
	omitted(t, uuid{1})
	omitted(t, level(3))
	omitted(t, textList{"x"})
	omitted(t, struct{ A, B int }{1, 2})
	omitted(t, 0.5)
	omitted(t, [2]langTag{{"a"}})
	omitted(t, map[string]langTag{"x": {}})
	for _, v := range []any{0, "", false, 0.0, []any{}, int8(5)} {
		data, err := Auto.Append(nil, struct {
			V any `msgpack:",omitempty"`
		}{v})
		if err != nil || len(data) < 4 {
			t.Errorf("%T under omitempty in an interface: %q, %v; want it stored", v, data, err)
		}
	}
}

func omitted[T any](t *testing.T, v T) {
	t.Helper()
	type holder struct {
		V T `msgpack:",omitempty"`
	}
	var zero T
	roundTrip(t, "a value", holder{v})
	roundTrip(t, "a zero value", holder{zero})
	roundTrip(t, "in a struct under omitempty", struct {
		H holder `msgpack:",omitempty"`
	}{holder{v}})
	switch kind := reflect.TypeFor[T]().Kind(); kind {
	case reflect.Pointer, reflect.Map, reflect.Slice: // a pointer to nil is nil
	default:
		roundTrip(t, "in a pointer", struct {
			V *T `msgpack:",omitempty"`
		}{&zero})
	}
}

// TestInterfacesFollowTheType checks that a value in an interface is refused if its type
// is.
func TestInterfacesFollowTheType(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		for _, v := range []any{errors.New("x"), &sync.Mutex{}, &bytes.Buffer{}, money{5}, &money{}, make(chan int), func() {}, 1i, struct{ C chan int }{}} {
			for _, holder := range []any{[]any{v}, map[string]any{"x": v}, struct{ V any }{v}, struct{ V *any }{&v}, []any{map[string]any{"x": []any{v}}}} {
				if out, err := c.Append(nil, holder); !errors.Is(err, ErrUnsupported) {
					t.Errorf("%s: %T in an interface: %q, %v; want ErrUnsupported", c.Name(), v, out, err)
				}
			}
		}
	}
	for _, v := range []any{shy{"x"}, *big77, langTag{"x"}} { // their methods may need a pointer
		inAny, err := Auto.Append(nil, []any{v})
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if pointed, err := Auto.Append(nil, []any{&v}); err != nil || !bytes.Equal(inAny, pointed) {
			t.Errorf("%T: %q and behind a pointer %q, %v", v, inAny, pointed, err)
		}
	}
	roundTrip(t, "methods that need a pointer in a map", map[string]shy{"a": {"x"}, "b": {}})
}
