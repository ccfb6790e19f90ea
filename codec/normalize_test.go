package codec

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// TestIntegersInInterfaces checks that every integer is decoded as int64, or as uint64 if
// it is larger.
func TestIntegersInInterfaces(t *testing.T) {
	for _, n := range []any{
		0, 7, -7, 127, 128, 255, 256, 65535, 65536, math.MaxInt32, math.MaxUint32, math.MaxInt64, math.MinInt64, -128, -129, -32769,
		int8(5), int16(300), int32(-5), int64(5), uint(5), uint8(200), uint16(60000), uint32(1 << 31), uint64(1 << 63), uint64(math.MaxUint64), time.Second,
	} {
		want := any(nil)
		if v := reflect.ValueOf(n); v.CanInt() {
			want = v.Int()
		} else if want = v.Uint(); v.Uint() <= math.MaxInt64 {
			want = int64(v.Uint())
		}
		type holder struct{ V, Same any }
		decodesTo(t, holder{n, n}, holder{want, want})
		decodesTo(t, []any{n, []any{n}}, []any{want, []any{want}})
		decodesTo(t, map[string]any{"a": n, "b": map[string]any{"c": n}}, map[string]any{"a": want, "b": map[string]any{"c": want}})
		decodesTo(t, map[any]string{n: "x"}, map[any]string{want: "x"})
		decodesTo(t, [1]any{n}, [1]any{want})
		decodesTo(t, &[]map[int]any{{1: n}}, &[]map[int]any{{1: want}})
		decodesTo(t, struct {
			V any `msgpack:",omitempty"`
		}{n}, struct {
			V any `msgpack:",omitempty"`
		}{want})
	}
	at := time.Date(2024, 2, 29, 1, 2, 3, 4, time.FixedZone("", 3600))
	decodesTo(t, []any{at, 1.5, float32(2.5), "x", true, nil}, []any{at.UTC(), 1.5, 2.5, "x", true, nil})
}

func decodesTo[T any](t *testing.T, v, want T) {
	t.Helper()
	for _, c := range []Codec{Auto, Msgpack} {
		typed, err := Values[T](c)
		if err != nil {
			t.Fatal(err)
		}
		data, err := typed.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := typed.Decode(data); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v came back as %#v, %v; want %#v", c.Name(), v, got, err, want)
		}
		var loose T
		if err := c.Decode(data, &loose); err != nil || !reflect.DeepEqual(loose, want) {
			t.Errorf("%s, untyped: %#v came back as %#v, %v", c.Name(), v, loose, err)
		}
	}
}

// TestNilIsZero reads nil into every kind of type, alone and inside other types.
func TestNilIsZero(t *testing.T) {
	nilIsZero[time.Time](t)
	nilIsZero[*time.Time](t)
	nilIsZero[[]time.Time](t)
	nilIsZero[map[string]time.Time](t)
	nilIsZero[[2]time.Time](t)
	nilIsZero[struct{ At time.Time }](t)
	nilIsZero[bool](t)
	nilIsZero[int8](t)
	nilIsZero[uint64](t)
	nilIsZero[float32](t)
	nilIsZero[float64](t)
	nilIsZero[string](t)
	nilIsZero[[]byte](t)
	nilIsZero[[4]byte](t)
	nilIsZero[[]string](t)
	nilIsZero[map[int]any](t)
	nilIsZero[any](t)
	nilIsZero[error](t)
	nilIsZero[order](t)
	nilIsZero[row](t)
	nilIsZero[netip.Addr](t)
	nilIsZero[big.Int](t)
	nilIsZero[*big.Int](t)
	nilIsZero[level](t)
	nilIsZero[uuid](t)
	nilIsZero[shy](t)
	nilIsZero[point](t)
	nilIsZero[celsius](t)
	nilIsZero[textList](t)
	nilIsZero[userID](t)
	nilIsZero[time.Duration](t)
	nilIsZero[json.RawMessage](t)
}

func nilIsZero[T any](t *testing.T) {
	t.Helper()
	var zero T
	reads(t, "\x81\xa1V\xc0", struct{ V T }{zero})
	reads(t, "\x92\xc0\xc0", []T{zero, zero})
	reads(t, "\x92\xc0\xc0", [2]T{zero, zero})
	reads(t, "\x81\xa1k\xc0", map[string]T{"k": zero})
	reads(t, "\x81\xa1V\xc0", struct{ V *T }{})
	reads(t, "\x82\xa1V\xc0\xa1W\x05", struct {
		V T
		W int
	}{zero, 5})
	var v T
	if err := Msgpack.Decode([]byte{0xc0}, &v); err != nil || !reflect.DeepEqual(v, zero) {
		t.Errorf("%T of nil = %#v, %v", zero, v, err)
	}
}

func reads[T any](t *testing.T, data string, want T) {
	t.Helper()
	for _, c := range []Codec{Msgpack, Compress(Msgpack, 0)} {
		var got T
		stored := data
		if c != Msgpack {
			stored = "\x00" + data
		}
		if err := c.Decode([]byte(stored), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %T of %q = %#v, %v; want %#v", c.Name(), want, data, got, err, want)
		}
	}
}

// TestEmptyArrayIsAnEmptyMap reads an empty array as an empty map. Lua and PHP write one
// for the other.
func TestEmptyArrayIsAnEmptyMap(t *testing.T) {
	type holder struct {
		M    map[string]int
		Any  map[string]any
		Deep map[string]map[int]string
		N    int
	}
	for _, empty := range []string{"\x90", "\xdc\x00\x00", "\xdd\x00\x00\x00\x00"} {
		reads(t, empty, map[string]int{})
		reads(t, empty, map[string]any{})
		reads(t, empty, map[string]string{})
		reads(t, "\x92"+empty+empty, []map[int]bool{{}, {}})
		reads(t, "\x84\xa1M"+empty+"\xa3Any"+empty+"\xa4Deep\x81\xa1x"+empty+"\xa1N\x05", holder{map[string]int{}, map[string]any{}, map[string]map[int]string{"x": {}}, 5})
		reads(t, "\x81\xa1x"+empty, struct{ M holder }{})
		reads(t, empty, named{})
	}
	if err := Msgpack.Decode([]byte("\x91\x01"), new(map[string]int)); err == nil {
		t.Error("an array that is not empty is no map")
	}
}
