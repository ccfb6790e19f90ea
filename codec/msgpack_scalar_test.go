package codec

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// TestMsgpackScalars compares scalars with the library: the bytes, the values and the
// refusals must be equal.
func TestMsgpackScalars(t *testing.T) {
	scalarsAsLibrary(t, true, false)
	scalarsAsLibrary(t, 0, 1, -1, 127, 128, -32, -33, -128, -129, 255, 256, 65535, 65536, math.MaxInt64, math.MinInt64)
	scalarsAsLibrary[int8](t, 0, 1, -1, 127, -32, -33, -128)
	scalarsAsLibrary[int16](t, 0, 127, 128, -129, 255, 256, math.MaxInt16, math.MinInt16)
	scalarsAsLibrary[int32](t, 0, 65535, 65536, -32769, math.MaxInt32, math.MinInt32)
	scalarsAsLibrary[int64](t, 0, math.MaxUint32, math.MaxUint32+1, math.MinInt32-1, math.MaxInt64, math.MinInt64)
	scalarsAsLibrary[uint](t, 0, 127, 128, 255, 256, math.MaxUint32, math.MaxUint64)
	scalarsAsLibrary[uint8](t, 0, 127, 128, 255)
	scalarsAsLibrary[uint16](t, 0, 255, 256, 65535)
	scalarsAsLibrary[uint32](t, 0, 65536, math.MaxUint32)
	scalarsAsLibrary[uint64](t, 0, math.MaxUint32+1, math.MaxUint64)
	scalarsAsLibrary(t, "", "a", "é", "\xff\x00", strings.Repeat("x", 31), strings.Repeat("x", 32), strings.Repeat("x", 256), strings.Repeat("x", 70_000))
	type own string
	scalarsAsLibrary[own](t, "", "named")
}

func scalarsAsLibrary[T comparable](t *testing.T, values ...T) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	p, err := planOf(typ)
	if err != nil {
		t.Fatal(err)
	}
	f := msgpackScalar(typ, p)
	if f == nil {
		t.Fatalf("%v has no short way", typ)
	}
	inputs := [][]byte{
		nil,
		{0xc0},
		{0xc1},
		{0xc2},
		{0xcc},
		{0xcc, 200},
		{0xcd, 0, 1},
		{0xd0, 0xff},
		{0xd1, 0, 5},
		{0xd3, 0, 0, 0, 0, 0, 0, 0, 7},
		{0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0},
		{0xa1},
		{0xa1, 'x', 'y'},
		{0xc4, 1, 'x'},
		{0xd9, 1, 'x'},
		{0xdb, 0xff, 0xff, 0xff, 0xff},
		{0x90},
		{5, 5},
	}
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
			t.Errorf("%v: % x, and the library has % x", v, short, long)
		}
		inputs = append(inputs, short)
	}
	for _, data := range inputs {
		var got T
		err := f.decode(data, unsafe.Pointer(&got), budgetFor(len(data)))
		want, wantErr := viaLibrary[T](p, data, budgetFor(len(data)))
		if (err == nil) != (wantErr == nil) || err == nil && got != want {
			t.Errorf("%v of % x: %v, %v; the library: %v, %v", typ, data, got, err, want, wantErr)
		}
	}
}
