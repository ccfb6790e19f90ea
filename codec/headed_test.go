package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/headed"
)

// lineLen returns the length of a header that ends with a semicolon.
func lineLen(data []byte) (int, bool) {
	n := bytes.IndexByte(data, ';') + 1
	return n, n > 0
}

// backwards is a codec of another package that reverses strings.
type backwards struct{}

func (backwards) Append(dst []byte, v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return dst, ErrUnsupported
	}
	for i := len(s) - 1; i >= 0; i-- {
		dst = append(dst, s[i])
	}
	return dst, nil
}

func (b backwards) Decode(data []byte, ptr any) error {
	out, err := b.Append(nil, string(data))
	*ptr.(*string) = string(out)
	return err
}

func (backwards) Name() string { return "backwards" }

// valuesHeaded resolves a codec for values with a header.
func valuesHeaded[T any](c Codec, headerLen func([]byte) (int, bool)) (Typed[headed.Value[T]], error) {
	return Values[headed.Value[T]](headed.Codec(c, headerLen).(Codec))
}

// TestHeaded checks that the header is in front of the value, inside every layer.
func TestHeaded(t *testing.T) {
	for _, inner := range []Codec{nil, Auto, Msgpack, JSON, Text, Raw, backwards{}} {
		plain, err := Values[string](inner)
		if err != nil {
			t.Fatal(err)
		}
		value, err := plain.Append([]byte("head;"), "two apples")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []Codec{inner, Limit(inner, 100), Sign(inner, testRing()), Encrypt(Compress(inner, 1), testRing()), Compress(inner, 1)} {
			h, err := valuesHeaded[string](c, lineLen)
			if err != nil {
				t.Fatal(err)
			}
			want := headed.Value[string]{Header: "head;", Value: "two apples"}
			data, err := h.Append([]byte("before "), want)
			if err != nil || !bytes.HasPrefix(data, []byte("before ")) {
				t.Errorf("%s: Append = %q, %v", orAuto(c).Name(), data, err)
			}
			data = data[len("before "):]
			if got, err := h.Decode(data); got != want || err != nil {
				t.Errorf("%s: Decode = %v, %v", orAuto(c).Name(), got, err)
			}
			if c == inner && !bytes.Equal(data, value) {
				t.Errorf("%s: the bytes are %q, want %q", orAuto(c).Name(), data, value)
			}
		}
	}
}

// TestHeadedSealed checks that an altered header is refused.
func TestHeadedSealed(t *testing.T) {
	for _, c := range []Codec{Sign(Auto, testRing()), Encrypt(Auto, testRing()), Sign(Encrypt(Auto, testRing()), testRing())} {
		h, err := valuesHeaded[int](c, lineLen)
		if err != nil {
			t.Fatal(err)
		}
		data, err := h.Append(nil, headed.Value[int]{Header: "from bob;", Value: 5})
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			b := bytes.Clone(data)
			b[i] ^= 1
			if v, err := h.Decode(b); !errors.Is(err, ErrSignature) {
				t.Errorf("%s with byte %d changed: %v, %v; want ErrSignature", c.Name(), i, v, err)
			}
		}
	}
}

// TestHeadedRefuses decodes bytes without a header and without a value, and stores a type
// without a form and a value beyond a Limit.
func TestHeadedRefuses(t *testing.T) {
	h, err := valuesHeaded[int](Auto, lineLen)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"", "5", "head;", "head;x", "head 5"} {
		v, err := h.Decode([]byte(data))
		bad, ok := errors.AsType[*DecodeError](err)
		if !ok || bad.Type != "int" || bad.Codec != "auto" || v != (headed.Value[int]{}) {
			t.Errorf("Decode(%q) = %v, %v; want a DecodeError about an int", data, v, err)
		}
	}
	for _, c := range []Codec{Text, Raw, Sign(Text, testRing())} {
		h, err := valuesHeaded[point](c, lineLen)
		if _, late := h.Append(nil, headed.Value[point]{}); !errors.Is(err, ErrUnsupported) || !errors.Is(late, ErrUnsupported) {
			t.Errorf("%s: %v, %v; want ErrUnsupported", c.Name(), err, late)
		}
	}
	if _, err := valuesHeaded[chan int](Auto, lineLen); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a channel: %v; want ErrUnsupported", err)
	}
	short, err := valuesHeaded[string](Limit(Auto, 10), lineLen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := short.Append(nil, headed.Value[string]{Header: strings.Repeat("x", 9) + ";", Value: "y"}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("head and value beyond a Limit: %v; want ErrTooLarge", err)
	}
}

// TestHeadedBudget checks that the bound is computed from the length of the stored bytes
// under a header and a layer that decompresses, too.
func TestHeadedBudget(t *testing.T) {
	h, err := valuesHeaded[[][16]int64](Compress(Auto, 0), lineLen)
	if err != nil {
		t.Fatal(err)
	}
	nils := append(header(0xdd, 200_000), bytes.Repeat([]byte{0xc0}, 200_000)...)
	data := zstdEncoder().EncodeAll(append([]byte("head;"), nils...), []byte{zstdBody})
	_, _ = h.Decode(data) // warm
	if got := allocated(func() { _, err = h.Decode(data) }); err == nil || got > bound(data) {
		t.Errorf("Decode: %v, and %d bytes were allocated for %d; want an error, and at most %d", err, got, len(data), bound(data))
	}
}

// TestHeadedTypes checks, for every form, that the header precedes the bytes of the
// value.
func TestHeadedTypes(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		testHeadedType(t, c, 5)
		testHeadedType(t, c, userID("ada"))
		testHeadedType(t, c, true)
		testHeadedType(t, c, 2.5)
		testHeadedType(t, c, []byte("pear"))
		testHeadedType(t, c, time.Date(2026, 5, 6, 7, 8, 9, 10, time.UTC))
		testHeadedType(t, c, level(3))
		testHeadedType(t, c, ada)
		testHeadedType(t, c, &ada)
		testHeadedType(t, c, struct{}{})
		testHeadedType(t, c, [1]string{"pear"})
		testHeadedType(t, c, []customer{ada, {}})
		testHeadedType(t, c, map[string]int{"pear": 2})
		testHeadedType(t, c, any("pear"))
		testHeadedType(t, c, any(nil))
	}
	testHeadedType(t, handmade{}, ada)
	testHeadedType(t, handmade{}, any("pear"))
	testHeadedType(t, handmade{}, any(nil))
}

// handmade is a codec of another package.
type handmade struct{}

func (handmade) Append(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}
func (handmade) Decode(data []byte, ptr any) error { return json.Unmarshal(data, ptr) }
func (handmade) Name() string                      { return "handmade" }

func testHeadedType[T any](t *testing.T, c Codec, v T) {
	t.Helper()
	plain, err := Values[T](c)
	if err != nil {
		t.Log(err) // JSON and struct{}
		return
	}
	want, err := plain.Append([]byte("head;"), v)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Codec{c, Sign(c, testRing())} {
		h, err := valuesHeaded[T](c, lineLen)
		if err != nil {
			t.Fatal(err)
		}
		data, err := h.Append(nil, headed.Value[T]{Header: "head;", Value: v})
		if err != nil || !bytes.Contains(data, want) {
			t.Errorf("%s: Append of a %T = %q, %v; want %q", c.Name(), v, data, err, want)
		}
		if got, err := h.Decode(data); err != nil || got.Header != "head;" || !reflect.DeepEqual(got.Value, v) {
			t.Errorf("%s: Decode = %+v, %v; want %+v", c.Name(), got, err, v)
		}
		_, err = h.Decode(data[:len(data)-1])
		if bad, ok := errors.AsType[*DecodeError](err); err != nil && (!ok || bad.Type != reflect.TypeFor[T]().String()) {
			t.Errorf("%s: Decode of a part: %v; want a DecodeError for a %T", c.Name(), err, v)
		}
	}
}

// scopedCodec is a codec of another package that has a scope and a limit.
type scopedCodec struct {
	backwards
	object string
}

func (s scopedCodec) Scope(object string) Codec { return scopedCodec{object: object} }
func (scopedCodec) Limited() bool               { return true }

func (s scopedCodec) Append(dst []byte, v any) ([]byte, error) {
	return s.backwards.Append(append(dst, s.object+"/"...), v)
}

func (s scopedCodec) Decode(data []byte, ptr any) error {
	body, ok := bytes.CutPrefix(data, []byte(s.object+"/"))
	if !ok {
		return ErrSignature
	}
	return s.backwards.Decode(body, ptr)
}

// TestHeadedForeign checks that a codec of another package is bound to its object.
func TestHeadedForeign(t *testing.T) {
	for _, outside := range []func(Codec) Codec{
		func(c Codec) Codec { return c },
		func(c Codec) Codec { return Compress(c, 1000) },
	} {
		c := headed.Codec(outside(scopedCodec{}), lineLen).(Codec)
		if l, ok := c.(interface{ Limited() bool }); !ok || !l.Limited() {
			t.Errorf("%s: Limited is false", c.Name())
		}
		one, err := Values[headed.Value[string]](c.(Scoped).Scope("one"))
		if err != nil {
			t.Fatal(err)
		}
		other, err := Values[headed.Value[string]](c.(Scoped).Scope("other"))
		if err != nil {
			t.Fatal(err)
		}
		want := headed.Value[string]{Header: "head;", Value: "pear"}
		data, err := one.Append(nil, want)
		if err != nil || !bytes.HasSuffix(data, []byte("head;one/raep")) {
			t.Errorf("%s: Append = %q, %v", c.Name(), data, err)
		}
		if got, err := one.Decode(data); got != want || err != nil {
			t.Errorf("%s: Decode = %v, %v", c.Name(), got, err)
		}
		if _, err := other.Decode(data); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: Decode at another object: %v; want ErrSignature", c.Name(), err)
		}
	}
}
