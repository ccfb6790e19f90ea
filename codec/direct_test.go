package codec

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// TestDirect holds the short way of scalars against the library's: the same bytes, the
// same values, the same refusals.
func TestDirect(t *testing.T) {
	sameWay(t, true, false)
	sameWay(t, 0, 1, -1, 127, 128, -32, -33, -128, -129, 255, 256, 65535, 65536, math.MaxInt64, math.MinInt64)
	sameWay[int8](t, 0, 1, -1, 127, -32, -33, -128)
	sameWay[int16](t, 0, 127, 128, -129, 255, 256, math.MaxInt16, math.MinInt16)
	sameWay[int32](t, 0, 65535, 65536, -32769, math.MaxInt32, math.MinInt32)
	sameWay[int64](t, 0, math.MaxUint32, math.MaxUint32+1, math.MinInt32-1, math.MaxInt64, math.MinInt64)
	sameWay[uint](t, 0, 127, 128, 255, 256, math.MaxUint32, math.MaxUint64)
	sameWay[uint8](t, 0, 127, 128, 255)
	sameWay[uint16](t, 0, 255, 256, 65535)
	sameWay[uint32](t, 0, 65536, math.MaxUint32)
	sameWay[uint64](t, 0, math.MaxUint32+1, math.MaxUint64)
	sameWay(t, "", "a", "é", "\xff\x00", strings.Repeat("x", 31), strings.Repeat("x", 32), strings.Repeat("x", 256), strings.Repeat("x", 70_000))
	type own string
	sameWay[own](t, "", "named")
}

func sameWay[T comparable](t *testing.T, values ...T) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	p, err := planOf(typ)
	if err != nil {
		t.Fatal(err)
	}
	f := directForm(typ, p)
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
		err := f.decode(data, unsafe.Pointer(&got), roomFor(len(data)))
		want, wantErr := slowly[T](p, data, roomFor(len(data)))
		if (err == nil) != (wantErr == nil) || err == nil && got != want {
			t.Errorf("%v of % x: %v, %v; the library: %v, %v", typ, data, got, err, want, wantErr)
		}
	}
}
