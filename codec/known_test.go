package codec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// secretive stores an unexported field with EncodeMsgpack and DecodeMsgpack.
type secretive struct {
	content string
	Shown   string
}

func (s secretive) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(s.content) }

func (s *secretive) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	s.content, err = d.DecodeString()
	return err
}

// TestLibraryIssues checks the open issues of the msgpack library
// (github.com/vmihailenco/msgpack/issues) against what this package documents. The
// numbers are those of the issues.
func TestLibraryIssues(t *testing.T) {
	// 372, 314, 327: a map with integer keys is written inside an interface, and cannot
	// be read there. Append refuses it. Outside an interface it is stored.
	for _, v := range []any{map[int]string{1: "a"}, map[string]any{"l": map[int]map[float64]float64{1: {2: 3}}}, map[uint64]uint64{1: 1}} {
		if out, err := Auto.Append(nil, []any{v}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("372: %v in an interface: % x, %v; want ErrUnsupported", v, out, err)
		}
	}
	roundTrip(t, "372", map[int]string{0: "hello"})
	roundTrip(t, "327", map[int]map[float64]float64{1: {2: 3}})

	// 376, 401: the library trusts a length. TestBombs has more such values.
	for _, bomb := range []string{"\xdd\xff\xff\xff\xff", "\xdc\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", strings.Repeat("\xdd\x0f\xff\xff\xff", 50)} {
		for _, ptr := range []any{new([]int64), new([]any), new(any), new(map[string]any), new([]string), new([]byte), new([][]byte)} {
			if n := allocated(func() { _ = Auto.Decode([]byte(bomb), ptr) }); n > 2<<20 {
				t.Errorf("401: % x into %T allocates %d bytes", bomb[:min(5, len(bomb))], ptr, n)
			}
		}
	}

	// 378, 341: omitempty leaves out a struct with a value in an unexported field.
	type omitting struct {
		V secretive `msgpack:",omitempty"`
		T time.Time `msgpack:",omitempty"`
	}
	roundTrip(t, "378", omitting{V: secretive{content: "str"}, T: time.Unix(5, 0).UTC()})
	if out, err := Auto.Append(nil, omitting{}); err != nil || string(out) != "\x81\xa1V\xa0" { // T is left out; V is a struct with a field that is stored
		t.Errorf("341: % x, %v", out, err)
	}

	// 390: omitempty leaves out an empty value in an interface. 306: it panics for a nil
	// pointer in an interface, if the type has IsZero.
	type free struct {
		A any  `msgpack:",omitempty"`
		B *any `msgpack:",omitempty"`
	}
	roundTrip(t, "390", free{A: "", B: ptr(any(""))})
	if out, err := Auto.Append(nil, free{A: (*time.Time)(nil)}); err != nil || string(out) != "\x81\xa1A\xc0" {
		t.Errorf("306: % x, %v; want a nil", out, err)
	}

	// 304: decoding nil panics if the interface held a value.
	var held any = &named{ID: 1}
	if err := Auto.Decode([]byte("\xc0"), &held); err != nil || held != nil {
		t.Errorf("304: %v, %v; want nil", held, err)
	}

	// 298: an embedded pointer with marshalling methods panics. It is refused.
	unsupportedValue[struct{ *secretive }](t, Auto, "is nil when a value is decoded")

	// 308, 382: an empty array, and an array whose length differs from the number of
	// fields.
	readAs(t, "308", "\x90", named{})
	readAs(t, "308", "\x81\xa4Flat\x90", home{})
	var r row
	if err := Auto.Decode([]byte("\x91\x01"), &r); !errors.Is(err, errFieldCount) {
		t.Errorf("382: %v; want %v", err, errFieldCount)
	}

	// 377: for bytes that are not a map, the error is that of an earlier attempt.
	if err := Auto.Decode([]byte("\xa1x"), &held); err != nil {
		t.Error(err)
	}
	if err := Auto.Decode([]byte("\xa1x"), new(named)); err == nil || !strings.Contains(err.Error(), "text, want map (codec.named)") {
		t.Errorf("377: %v", err)
	}

	// 142: in an interface, the type of an integer depends on its size.
	readAs[any](t, "142", "\xcd\x01\x00", int64(256))
}

func readAs[T any](t *testing.T, name, data string, want T) {
	t.Helper()
	var got T
	if err := Auto.Decode([]byte(data), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: % x is %+v, %v; want %+v", name, data, got, err, want)
	}
}
