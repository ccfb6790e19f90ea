package codec

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

// TestMsgpackIntegers checks that integers that do not fit are refused. The library would
// truncate them.
func TestMsgpackIntegers(t *testing.T) {
	read(t, "\x7f", int8(127), nil)
	read(t, "\xff", int8(-1), nil)
	read(t, "\xcc\x7f", int8(127), nil)
	read(t, "\xd1\xff\x80", int8(-128), nil)
	read(t, "\xcc\x80", int8(0), errAny)
	read(t, "\xcd\x01\x2c", int8(0), errAny) // 300, which the library makes 44
	read(t, "\xd1\xff\x7f", int8(0), errAny)
	read(t, "\xcd\x80\x00", int16(0), errAny)
	read(t, "\xce\x80\x00\x00\x00", int32(0), errAny)
	read(t, "\xce\x7f\xff\xff\xff", int32(math.MaxInt32), nil)
	read(t, "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", int64(math.MaxInt64), nil)
	read(t, "\xcf\x80\x00\x00\x00\x00\x00\x00\x00", int64(0), errAny)
	read(t, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", int64(math.MinInt64), nil)
	read(t, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", uint64(math.MaxUint64), nil)
	read(t, "\xff", uint64(0), errAny)
	read(t, "\xd3\xff\xff\xff\xff\xff\xff\xff\xff", uint64(0), errAny)
	read(t, "\xd0\x05", uint8(5), nil)
	read(t, "\xcd\x01\x00", uint8(0), errAny)
	read(t, "\xce\x00\x01\x00\x00", uint16(0), errAny)
	read(t, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", uint32(0), errAny)
	read(t, "\xca\x3f\x80\x00\x00", 0, errAny) // 1.0: no float is an integer
	read(t, "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", 0, errAny)
	read(t, "\x05", 5.0, nil)
	read(t, "\xd0\xfb", -5.0, nil)
	read(t, "\xcf\x00\x20\x00\x00\x00\x00\x00\x00", float64(1<<53), nil)
	read(t, "\xcf\x00\x20\x00\x00\x00\x00\x00\x01", 0.0, errAny)
	read(t, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 0.0, errAny)
	read(t, "\xce\x01\x00\x00\x01", float32(0), errAny)
	read(t, "\xce\x01\x00\x00\x00", float32(1<<24), nil)
	read(t, "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", float32(1), nil)
	read(t, "\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", float32(0), errNarrow)
	read(t, "\xc0", 0, nil) // nil is the zero value of every type
	read(t, "\xc0", "", nil)
	read(t, "\xa15", 0, errAny)
	read(t, "5", "", errAny)
	read(t, "\x01", true, errAny)
	read(t, "\x92\xc2\xcc\xff", []any{false, int64(255)}, nil)
	read(t, "\x81\xa1x\xcd\x01\x2c", map[string]int8{}, errAny)
	read(t, "\x81\xcd\x01\x2c\x05", map[int8]int{}, errAny)
	read(t, "\x93\x01\x02\x03", [2]int{}, errElements)
	read(t, "\xc4\x03abc", [2]byte{}, errElements)
	read(t, "\x91\x01", row{}, errFieldCount)
}

var errAny = errors.New("any error")

func read[T any](t *testing.T, data string, want T, wantErr error) {
	t.Helper()
	typed, err := Values[T](Msgpack)
	if err != nil {
		t.Fatal(err)
	}
	got, err := typed.Decode([]byte(data))
	switch {
	case wantErr == nil && (err != nil || !reflect.DeepEqual(got, want)):
		t.Errorf("Decode[%T](%x) = %v, %v; want %v", want, data, got, err, want)
	case wantErr == errAny && err == nil, wantErr != nil && wantErr != errAny && !errors.Is(err, wantErr):
		t.Errorf("Decode[%T](%x) = %v, %v; want %v", want, data, got, err, wantErr)
	}
}

// TestFieldsOfOtherWriters reads structs whose fields are missing, unknown or in another
// order, as other programs write them.
func TestFieldsOfOtherWriters(t *testing.T) {
	read(t, "\x82\xa4note\xa1x\xa2id\x01", named{1, "x"}, nil)
	read(t, "\x80", named{}, nil)
	read(t, "\xc0", named{}, nil)
	read(t, "\x82\xa3new\x92\x01\x81\xa1x\xc0\xa2id\x01", named{ID: 1}, nil)
	read(t, "\x82\xa2id\x01\xa2id\x02", named{ID: 2}, nil)
	read(t, "\x81\xc4\x02id\x01", named{ID: 1}, nil)
	read(t, "\x92\x01\xa1x", named{1, "x"}, nil)
	read(t, "\x81\x05\x01", named{}, errName)
	read(t, "\x82\xa1A\x01\xa1B\xa1x", row{A: 1, B: "x"}, nil)
}

// TestOpaqueTypes checks that the guard and the library's Skip agree on where a value
// ends.
func TestOpaqueTypes(t *testing.T) {
	roundTrip(t, "own code alone", pair{"a", 1})
	roundTrip(t, "own value in a map", map[string]celsius{"a": {1.5}})
	roundTrip(t, "own values", []celsius{{1}, {2}})
	roundTrip(t, "binary", map[string]point{"a": {1, 2}})
	roundTrip(t, "text", []*level{ptr(level(1)), nil})
	roundTrip(t, "generated", generated{7})
	if err := into[generated]("").decode(Auto, []byte("\x81\xa1n\x05\x00")); !errors.Is(err, errLeftOver) {
		t.Errorf("a byte behind what UnmarshalMsg reads: %v; want %v", err, errLeftOver)
	}
	if err := into[pair]("").decode(Auto, []byte("\xa1a\x01\x00")); !errors.Is(err, errTrailing) {
		t.Errorf("a byte behind what DecodeMsgpack reads: %v; want %v", err, errTrailing)
	}
}

func TestStringsInInterfaces(t *testing.T) {
	roundTrip[any](t, "error", nil)
	typed, err := Values[[]error](nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := typed.Append(nil, []error{errors.New("boom"), nil})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := typed.Decode(data); err != nil || len(back) != 2 || back[0].Error() != "boom" || back[1] != nil {
		t.Errorf("Decode = %v, %v; want boom and nil", back, err)
	}
}
