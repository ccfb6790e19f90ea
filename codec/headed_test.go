package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/headed"
)

// cutLine is a head that ends with a semicolon.
func cutLine(data []byte) (int, bool) {
	n := bytes.IndexByte(data, ';') + 1
	return n, n > 0
}

// backwards is a codec of somebody else, for strings.
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

// TestHeaded puts a head in front of the value, inside of every layer.
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
			h, err := Headed[string](c, cutLine)
			if err != nil {
				t.Fatal(err)
			}
			want := headed.Of[string]{Head: "head;", Value: "two apples"}
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

// TestHeadedSealed: a head that was changed does not verify.
func TestHeadedSealed(t *testing.T) {
	for _, c := range []Codec{Sign(Auto, testRing()), Encrypt(Auto, testRing()), Sign(Encrypt(Auto, testRing()), testRing())} {
		h, err := Headed[int](c, cutLine)
		if err != nil {
			t.Fatal(err)
		}
		data, err := h.Append(nil, headed.Of[int]{Head: "from bob;", Value: 5})
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

// TestHeadedRefuses has no head, no value, no form, no room.
func TestHeadedRefuses(t *testing.T) {
	h, err := Headed[int](Auto, cutLine)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"", "5", "head;", "head;x", "head 5"} {
		v, err := h.Decode([]byte(data))
		bad, ok := errors.AsType[*DecodeError](err)
		if !ok || bad.Type != "int" || bad.Codec != "auto" || v != (headed.Of[int]{}) {
			t.Errorf("Decode(%q) = %v, %v; want a DecodeError about an int", data, v, err)
		}
	}
	for _, c := range []Codec{Text, Raw, Sign(Text, testRing())} {
		h, err := Headed[point](c, cutLine)
		if _, late := h.Append(nil, headed.Of[point]{}); !errors.Is(err, ErrUnsupported) || !errors.Is(late, ErrUnsupported) {
			t.Errorf("%s: %v, %v; want ErrUnsupported", c.Name(), err, late)
		}
	}
	if _, err := Headed[chan int](Auto, cutLine); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a channel: %v; want ErrUnsupported", err)
	}
	short, err := Headed[string](Limit(Auto, 10), cutLine)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := short.Append(nil, headed.Of[string]{Head: strings.Repeat("x", 9) + ";", Value: "y"}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("head and value beyond a Limit: %v; want ErrTooLarge", err)
	}
}

// TestHeadedRoom: behind a head and a layer that unpacks, the bound is still that of
// the stored bytes.
func TestHeadedRoom(t *testing.T) {
	h, err := Headed[[][16]int64](Compress(Auto, 0), cutLine)
	if err != nil {
		t.Fatal(err)
	}
	nils := append(header(0xdd, 200_000), bytes.Repeat([]byte{0xc0}, 200_000)...)
	data := packing().EncodeAll(append([]byte("head;"), nils...), []byte{zstdBody})
	_, _ = h.Decode(data) // warm
	if got := allocated(func() { _, err = h.Decode(data) }); err == nil || got > bound(data) {
		t.Errorf("Decode: %v, and %d bytes were allocated for %d; want an error, and at most %d", err, got, len(data), bound(data))
	}
}
