package codec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// secretive writes a field that is not exported, with methods of the library.
type secretive struct {
	content string
	Shown   string
}

func (s secretive) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(s.content) }

func (s *secretive) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	s.content, err = d.DecodeString()
	return err
}

// TestKnownFaults holds what users of the msgpack library reported to it, and is open there
// (github.com/vmihailenco/msgpack/issues), to what is promised here.
func TestKnownFaults(t *testing.T) {
	// 372, 314, 327: a map with integers as keys is written into an interface, and cannot be
	// read from it. Refused when it is written; with its type it comes back.
	for _, v := range []any{map[int]string{1: "a"}, map[string]any{"l": map[int]map[float64]float64{1: {2: 3}}}, map[uint64]uint64{1: 1}} {
		if out, err := Auto.Append(nil, []any{v}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("372: %v in an interface: % x, %v; want ErrUnsupported", v, out, err)
		}
	}
	roundTrip(t, "372", map[int]string{0: "hello"})
	roundTrip(t, "327", map[int]map[float64]float64{1: {2: 3}})

	// 376, 401: a length is believed. The bombs of TestBombs have more.
	for _, bomb := range []string{"\xdd\xff\xff\xff\xff", "\xdc\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", strings.Repeat("\xdd\x0f\xff\xff\xff", 50)} {
		for _, ptr := range []any{new([]int64), new([]any), new(any), new(map[string]any), new([]string), new([]byte), new([][]byte)} {
			if n := allocated(func() { _ = Auto.Decode([]byte(bomb), ptr) }); n > 2<<20 {
				t.Errorf("401: % x into %T allocates %d bytes", bomb[:min(5, len(bomb))], ptr, n)
			}
		}
	}

	// 378, 341: omitempty leaves out a struct with something in an unexported field.
	type omitting struct {
		V secretive `msgpack:",omitempty"`
		T time.Time `msgpack:",omitempty"`
	}
	roundTrip(t, "378", omitting{V: secretive{content: "str"}, T: time.Unix(5, 0).UTC()})
	if out, err := Auto.Append(nil, omitting{}); err != nil || string(out) != "\x81\xa1V\xa0" { // T is left out; V is a struct with a field that is stored
		t.Errorf("341: % x, %v", out, err)
	}

	// 390: omitempty leaves out an empty value in an interface. 306: it panics at a nil
	// pointer with IsZero in one.
	type free struct {
		A any  `msgpack:",omitempty"`
		B *any `msgpack:",omitempty"`
	}
	roundTrip(t, "390", free{A: "", B: ptr(any(""))})
	if out, err := Auto.Append(nil, free{A: (*time.Time)(nil)}); err != nil || string(out) != "\x81\xa1A\xc0" {
		t.Errorf("306: % x, %v; want a nil", out, err)
	}

	// 304: a nil panics where an interface held a value.
	var held any = &named{ID: 1}
	if err := Auto.Decode([]byte("\xc0"), &held); err != nil || held != nil {
		t.Errorf("304: %v, %v; want nil", held, err)
	}

	// 298: an embedded pointer with marshalling methods panics. Refused.
	unsupportedValue[struct{ *secretive }](t, Auto, "is nil when a value is decoded")

	// 308, 382: an empty array is no struct; a different number of fields than the struct has.
	readAs(t, "308", "\x90", named{})
	readAs(t, "308", "\x81\xa4Flat\x90", home{})
	var r row
	if err := Auto.Decode([]byte("\x91\x01"), &r); !errors.Is(err, errFieldCount) {
		t.Errorf("382: %v; want %v", err, errFieldCount)
	}

	// 377: the error of a struct that is no map is that of the try before it.
	if err := Auto.Decode([]byte("\xa1x"), &held); err != nil {
		t.Error(err)
	}
	if err := Auto.Decode([]byte("\xa1x"), new(named)); err == nil || !strings.Contains(err.Error(), "text, want map (codec.named)") {
		t.Errorf("377: %v", err)
	}

	// 142: integers change their type in interfaces, by their size.
	readAs[any](t, "142", "\xcd\x01\x00", int64(256))
}

func readAs[T any](t *testing.T, name, data string, want T) {
	t.Helper()
	var got T
	if err := Auto.Decode([]byte(data), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: % x is %+v, %v; want %+v", name, data, got, err, want)
	}
}
