package codec

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/desir-go/desir/internal/redistest"
)

// fastAll has a field of every kind of fast type.
type fastAll struct {
	Yes   bool
	I     int
	I8    int8
	I16   int16
	I32   int32
	I64   int64
	U     uint
	U8    uint8
	U16   uint16
	U32   uint32
	U64   uint64
	F32   float32
	F64   float64
	S     string `msgpack:"a_name_that_is_longer_than_thirty_one_bytes"`
	B     []byte
	At    time.Time
	Tags  []string
	Ns    []int16
	Parts []fastLine
	One   *fastLine
	Two   **int
	Times []time.Time
	fastInner
}

type fastLine struct {
	Name userID `msgpack:"n,omitempty"`
	N    int64  `msgpack:",omitempty"`
	Blob fastBlob
}

type (
	fastBlob  []byte
	fastInner struct {
		Deep   struct{ X, Y float32 }
		Hidden *string
	}
	fastSparse struct {
		A string    `msgpack:"a,omitempty"`
		B []int     `msgpack:"b,omitempty"`
		C time.Time `msgpack:"c,omitempty"`
		D bool      `msgpack:"d"`
	}
	fastOld struct { // fastNew before a field came
		A string
		C int
	}
	fastNew struct {
		A string
		B []string
		C int
	}
)

func fastValues() (all []fastAll) {
	text, n := "hidden", 7
	p := &n
	for _, i := range []int64{0, 1, -1, 31, -32, 127, 128, -128, -129, 255, 256, 1 << 15, -1 << 15, 1 << 16, math.MaxInt32, math.MinInt32, math.MaxUint32, math.MaxInt64, math.MinInt64} {
		at := time.Unix(i%(1<<40), i&0x1fffffff).UTC()
		all = append(all, fastAll{
			Yes: i%2 == 0, I: int(i), I8: int8(i), I16: int16(i), I32: int32(i), I64: i, U: uint(i), U8: uint8(i), U16: uint16(i), U32: uint32(i), U64: uint64(i),
			F32: float32(i) / 3, F64: math.Float64frombits(uint64(i) &^ (1 << 62)), S: strings.Repeat("é", int(uint8(i))), B: []byte(strings.Repeat("x", int(uint8(i)))), At: at,
			Tags: []string{"", "a", strings.Repeat("b", 40)}, Ns: []int16{int16(i), -7}, Parts: []fastLine{{}, {"x", i, fastBlob("y")}}, One: &fastLine{N: i},
			Two: &p, Times: []time.Time{at, {}}, fastInner: fastInner{Hidden: &text},
		})
	}
	return append(all, fastAll{}, fastAll{B: []byte{}, Tags: []string{}, Ns: []int16{}, Parts: []fastLine{}, Times: []time.Time{}})
}

// TestFastTypes compares fast types with the library: the bytes, the values and the
// refusals must be equal.
func TestFastTypes(t *testing.T) {
	r := redistest.Seed(t)
	sameAsLibrary(t, r, fastValues()...)
	sameAsLibrary(t, r, ada, customer{})
	sameAsLibrary(t, r, []string{"a", "b"}, []string{}, nil)
	sameAsLibrary(t, r, []customer{ada, ada}, nil)
	sameAsLibrary(t, r, &ada, nil)
	sameAsLibrary(t, r, fastSparse{}, fastSparse{A: "a"}, fastSparse{B: []int{1}, C: time.Unix(1<<35, 5).UTC()}, fastSparse{D: true})
	sameAsLibrary(t, r, fastOld{"a", 1})
	sameAsLibrary(t, r, fastNew{"a", []string{"b"}, 1})
	sameAsLibrary(t, r, []struct{}{{}, {}})
	sameAsLibrary(t, r, [][][]bool{{{true}, nil, {}}, {}, nil})
	sameAsLibrary(t, r, time.Unix(5, 6).UTC(), time.Time{}, time.Unix(-1, 999_999_999).UTC())
}

// fastAndPlan returns the fast form of a type, and its plan for the library.
func fastAndPlan[T any](t *testing.T) (p *plan, f *form) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	p, err := planOf(typ)
	if err != nil {
		t.Fatal(err)
	}
	if f = fastForm(typ, p); f == nil {
		t.Fatalf("%v has no short way", typ)
	}
	return p, f
}

func sameAsLibrary[T any](t *testing.T, r *rand.Rand, values ...T) {
	t.Helper()
	p, f := fastAndPlan[T](t)
	for _, v := range values {
		short, err := f.append(nil, unsafe.Pointer(&v))
		if err != nil {
			t.Fatal(err)
		}
		long, err := byLibrary(p, &v)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(short, long) {
			t.Errorf("%+v: % x, and the library has % x", v, short, long)
		}
		if _, ok := decodeFast[T](p, long); !ok {
			t.Errorf("%+v is left to the library", v)
		}
		sameDecoded[T](t, p, f, long)
		for range 300 {
			sameDecoded[T](t, p, f, corrupted(r, long))
		}
	}
}

// decodeFast decodes without falling back to the library.
func decodeFast[T any](p *plan, data []byte) (v T, ok bool) {
	c := fastCompiler{done: map[*plan]*fastType{}}
	ok = c.compile(p).decode(data, unsafe.Pointer(&v), budgetFor(len(data)))
	return v, ok
}

func sameDecoded[T any](t *testing.T, p *plan, f *form, data []byte) {
	t.Helper()
	var got T
	err := f.decode(data, unsafe.Pointer(&got), budgetFor(len(data)))
	want, wantErr := viaLibrary[T](p, data, budgetFor(len(data)))
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(comparableNaNs(got), comparableNaNs(want)) {
		t.Errorf("%T of % x: %+v, %v; the library: %+v, %v", got, data, got, err, want, wantErr)
	}
}

// comparableNaNs replaces floats by their bits, so that NaNs can be compared.
func comparableNaNs(v any) any {
	if all, ok := v.(fastAll); ok {
		bits := [...]uint64{uint64(math.Float32bits(all.F32)), math.Float64bits(all.F64), uint64(math.Float32bits(all.Deep.X)), uint64(math.Float32bits(all.Deep.Y))}
		all.F32, all.F64, all.Deep.X, all.Deep.Y = 0, 0, 0, 0
		return []any{all, bits}
	}
	return v
}

// corrupted returns data with some bytes changed, removed or added.
func corrupted(r *rand.Rand, data []byte) []byte {
	out := bytes.Clone(data)
	heads := []byte{0xc0, 0xc1, 0xc2, 0xc4, 0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd3, 0xd6, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0x80, 0x90, 0xa0, 0x00, 0xff}
	for range 1 + r.IntN(2) {
		at := r.IntN(len(out) + 1)
		switch c := heads[r.IntN(len(heads))]; {
		case r.IntN(8) == 0:
			out = out[:at]
		case r.IntN(8) == 0:
			out = append(out[:at:at], append([]byte{c}, out[at:]...)...)
		case at == len(out):
			out = append(out, c)
		case r.IntN(3) == 0:
			out[at] ^= 1 << r.IntN(8)
		default:
			out[at] = c
		}
	}
	return out
}

// TestFastFieldOrder reads fields that are missing, unknown, or in another order.
func TestFastFieldOrder(t *testing.T) {
	old, err := Msgpack.Append(nil, fastOld{"a", 1})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := decodeFast[fastNew](mustPlan[fastNew](t), old); !ok || v.A != "a" || v.C != 1 {
		t.Errorf("a field is missing: %+v, %t", v, ok)
	}
	for _, data := range []string{"\x82\xa1C\x01\xa1A\xa1a", "\x83\xa1A\xa1a\xa1Z\x93\x01\x02\x03\xa1C\x01", "\x84\xa1C\x01\xa1A\xa1x\xa1A\xa1a\xa1B\xc0"} {
		var v fastNew
		if err := Msgpack.Decode([]byte(data), &v); err != nil || v.A != "a" || v.C != 1 || v.B != nil {
			t.Errorf("%q: %+v, %v", data, v, err)
		}
	}
}

func mustPlan[T any](t *testing.T) *plan {
	t.Helper()
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNotFast lists types that only the library decodes.
func TestNotFast(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[map[string]int](), reflect.TypeFor[any](), reflect.TypeFor[tree](), reflect.TypeFor[row](), reflect.TypeFor[[3]int](),
		reflect.TypeFor[struct{ Err error }](), reflect.TypeFor[struct{ At level }](),
	} {
		p, err := planOf(typ)
		if err != nil {
			t.Fatal(err)
		}
		if fastForm(typ, p) != nil {
			t.Errorf("%v counts as fast", typ)
		}
	}
}

// FuzzFastTypes checks that the fast decoder reads the same values as the library.
func FuzzFastTypes(f *testing.F) {
	for _, v := range fastValues() {
		data, err := Msgpack.Append(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzFast[fastAll](t, data)
		fuzzFast[fastSparse](t, data)
		fuzzFast[*[]fastLine](t, data)
		fuzzFast[[][]fastNew](t, data)
	})
}

func fuzzFast[T any](t *testing.T, data []byte) {
	p, f := fastAndPlan[T](t)
	sameDecoded[T](t, p, f, data)
}
