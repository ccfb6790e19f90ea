package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Bombs are short bytes for which the library's decoder would allocate gigabytes,
// overflow its stack, or overflow an integer.

type (
	bigArray  [4096]int64
	bigStruct struct{ A [4096]int64 }
	bigPtrs   struct{ A, B, C *bigArray }
	wide      struct {
		A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T string `msgpack:",omitempty"`
	}
	labels    map[string]wide
	anyHolder struct {
		V    any
		List []any
	}
)

func header(code byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{code}, n)
}

func repeat(b []byte, n int) []byte { return bytes.Repeat(b, n) }

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// bombs returns bombs by name. Those that need a length have about n elements.
func bombs(n int) map[string][]byte {
	return map[string][]byte{
		"array32 of 4 G":           header(0xdd, 0xffffffff),
		"array32 of 100 M":         header(0xdd, 100_000_000),
		"map32 of 4 G":             header(0xdf, 0xffffffff),
		"bin32 of 4 GiB":           header(0xc6, 0xffffffff),
		"str32 of 4 GiB":           header(0xdb, 0xffffffff),
		"ext32 of 4 GiB":           append(header(0xc9, 0xffffffff), 1),
		"nested map32 headers":     repeat(concat(header(0xdf, 0xffffffff), []byte{0xa0}), 50),
		"nested map32 that fit":    nestedMaps(40, n),
		"nested arrays":            repeat([]byte{0x91}, 48*n),
		"nested maps":              repeat([]byte{0x81, 0xa0}, 24*n),
		"recursive struct":         repeat([]byte("\x81\xa4Next"), 16*n),
		"recursive tree":           repeat([]byte("\x81\xa4Kids\x91"), 8*n),
		"unknown field nests":      concat([]byte("\x81\xa3zzz"), repeat([]byte{0x91}, 305*n)),
		"unknown field nests maps": concat([]byte("\x81\xa3zzz"), repeat([]byte{0x81, 0xa0}, 16*n)),
		"nils":                     concat(header(0xdd, uint32(n)), repeat([]byte{0xc0}, n)),
		"empty structs":            concat(header(0xdd, uint32(n)), repeat([]byte{0x80}, n)),
		"empty arrays":             concat(header(0xdd, uint32(n)), repeat([]byte{0x90}, n)),
		"zeros":                    concat(header(0xdd, uint32(4*n)), repeat([]byte{0}, 4*n)),
		"many empty strings":       concat(header(0xdd, uint32(17*n)), repeat([]byte{0xa0}, 17*n)),
		"maps of one":              concat(header(0xdd, uint32(n)), repeat([]byte{0x81, 0xa1, 'a', 0x80}, n)),
		"maps of one nil":          concat(header(0xdd, uint32(n)), repeat([]byte{0x81, 0xa0, 0xc0}, n)),
		"entries":                  manyEntries(n, 0x80),
		"entries of nil":           manyEntries(n, 0xc0),
		"many equal entries":       concat(header(0xdf, uint32(17*n)), repeat([]byte{0xa0, 0xc0}, 17*n)),
		"structs of big pointers":  concat(header(0xdd, uint32(n/16)), repeat([]byte("\x83\xa1A\x90\xa1B\x90\xa1C\x90"), n/16)),
		"times":                    concat(header(0xdd, uint32(n)), repeat([]byte{0xd6, 0xff, 0, 0, 0, 1}, n)),
		"unknown extensions":       concat(header(0xdd, uint32(n)), repeat([]byte{0xd4, 5, 0}, n)),
		"extension before a map":   concat([]byte{0xc7, 5, 1}, header(0xdf, 0xffffffff)),
		"0xc1":                     {0xc1},
		"nothing":                  {},
		"trailing byte":            {0x90, 0x00},
	}
}

// nestedMaps returns maps inside maps. Each count alone is possible for the number of
// bytes.
func nestedMaps(depth, tail int) []byte {
	var out []byte
	for range depth {
		out = append(out, header(0xdf, uint32(tail/2))...)
		out = append(out, 0xa0)
	}
	return append(out, repeat([]byte{0xc0}, tail)...)
}

func manyEntries(n int, elem byte) []byte {
	out := header(0xdf, uint32(n))
	for i := range n {
		out = append(out, 0xa3, byte(i), byte(i>>8), byte(i>>16), elem)
	}
	return out
}

// target decodes into a new value of one type. attempt returns the memory that it
// allocated.
type target struct {
	name   string
	decode func(c Codec, data []byte) error
}

func into[T any](name string) target {
	return target{name, func(c Codec, data []byte) error {
		typed, err := Values[T](c)
		if err != nil {
			return nil // nothing of that type can be stored, so nothing can be sent
		}
		_, err = typed.Decode(data)
		return err
	}}
}

func targets() []target {
	return []target{
		into[any]("any"), into[[]int]("[]int"), into[[]any]("[]any"), into[named]("struct"), into[order]("order"), into[*chain]("*chain"),
		into[tree]("tree"), into[map[string]int]("map[string]int"), into[map[string]any]("map[string]any"), into[[]string]("[]string"),
		into[map[string]map[string]string]("map of maps"), into[map[int]map[int]int]("map of maps by int"), into[[]*bigStruct]("[]*bigStruct"),
		into[[]bigArray]("[]bigArray"), into[[]bigStruct]("[]bigStruct"), into[[]bigPtrs]("[]bigPtrs"), into[map[string]bigArray]("map of bigArray"),
		into[[]wide]("[]wide"), into[[]labels]("[]map of wide"), into[labels]("map of wide"), into[[]struct{}]("[]struct{}"), into[anyHolder]("anyHolder"),
		into[[]map[string]string]("[]map of strings"), into[[]map[string]int8]("[]map of int8"), into[[][]int]("[][]int"), into[[]time.Time]("[]time.Time"),
		into[[]pair]("[]pair"), into[[]celsius]("[]celsius"), into[[]point]("[]point"), into[[]uuid]("[]uuid"), into[generated]("generated"),
		into[[]byte]("[]byte"), into[string]("string"), into[[1 << 10]int]("[1024]int"), into[map[[3]int]string]("map by array"), into[map[any]any]("map[any]any"),
		into[***[]***int]("pointers"), into[[]row]("[]row"), into[[]userID]("[]userID"), into[time.Time]("time"), into[[]error]("[]error"),
	}
}

// allocated returns how many bytes f allocates, without those of the value itself.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func bound(data []byte) uint64 { return 1<<20 + 512*uint64(len(data)) }

func TestBombs(t *testing.T) {
	bombs := bombs(bombSize)
	for _, c := range []Codec{Auto, Msgpack} {
		for _, to := range targets() {
			_ = to.decode(c, []byte{0xc0}) // plans and pools are made once
			for name, data := range bombs {
				if c == Msgpack && len(data) > 1<<10 || len(data) > 4<<20 {
					continue // Auto has shown it, or TestBombsAreRefused does
				}
				var err error
				if got := allocated(func() { err = to.decode(c, data) }); got > bound(data) {
					t.Errorf("%s, %s into %s: allocated %d for %d bytes; want at most %d (%v)", c.Name(), name, to.name, got, len(data), bound(data), err)
				}
				if _, ok := errors.AsType[*DecodeError](err); err != nil && !ok {
					t.Errorf("%s, %s into %s: %v is no *DecodeError", c.Name(), name, to.name, err)
				}
			}
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	refused := func(name string, to target, data []byte, want error) {
		t.Helper()
		if err := to.decode(Msgpack, data); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s into %s: %v; want %v", name, to.name, err, want)
		}
	}
	b := bombs(1 << 16)
	for _, to := range []target{into[any]("any"), into[[]int]("[]int"), into[[]any]("[]any"), into[*chain]("*chain"), into[named]("struct"), into[map[string]int]("map")} {
		for _, name := range []string{"array32 of 4 G", "array32 of 100 M", "map32 of 4 G", "bin32 of 4 GiB", "str32 of 4 GiB", "ext32 of 4 GiB", "nested map32 headers", "0xc1", "nothing", "trailing byte"} {
			refused(name, to, b[name], nil)
		}
	}
	refused("nils", into[[]bigArray]("[]bigArray"), b["nils"], ErrTooLarge)
	refused("empty structs", into[[]bigStruct]("[]bigStruct"), b["empty structs"], ErrTooLarge)
	refused("empty structs", into[[]*bigStruct]("[]*bigStruct"), b["empty structs"], ErrTooLarge)
	refused("nested arrays", into[any]("any"), b["nested arrays"], ErrTooLarge)
	refused("recursive struct", into[*chain]("*chain"), b["recursive struct"], ErrTooLarge)
	refused("unknown field nests", into[named]("struct"), b["unknown field nests"], ErrTooLarge)
	refused("extension before a map", into[map[string]int]("map"), b["extension before a map"], nil)
}

// TestGuardAccepts checks that long values within the bound are accepted.
func TestGuardAccepts(t *testing.T) {
	full := make([]bigArray, 40)
	for i := range full {
		for j := range full[i] {
			full[i][j] = int64(i * j)
		}
	}
	roundTrip(t, "arrays in full", full)
	roundTrip(t, "empty structs", make([]struct{}, 1_000_000))
	roundTrip(t, "zeros", make([]int, 1_000_000))
	roundTrip(t, "strings", strings.Split(strings.Repeat("a,", 100_000), ","))
	roundTrip(t, "nils", make([]*order, 100_000))
	many := map[int]string{}
	for i := range 50_000 {
		many[i-25_000] = strings.Repeat("x", i%7)
	}
	roundTrip(t, "map", many)
	roundTrip(t, "orders", repeatValue(sampleOrder(), 200))
	roundTrip(t, "sparse", repeatValue(wide{A: "x"}, 1000))
	roundTrip[any](t, "any", []any{repeatAny(map[string]any{"a": nil}, 10_000), repeatAny([]any{}, 10_000)})
	deep := &chain{}
	for range maxDepth - 2 {
		deep = &chain{deep}
	}
	roundTrip(t, "as deep as may be", deep)
}

func repeatValue[T any](v T, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func repeatAny(v any, n int) []any { return repeatValue(v, n) }

func roundTrip[T any](t *testing.T, name string, v T) {
	t.Helper()
	for _, c := range []Codec{Auto, Msgpack} {
		typed, err := Values[T](c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		data, err := typed.Append(nil, v)
		if err != nil {
			t.Errorf("%s: Append: %v", name, err)
			return
		}
		var back T
		got := allocated(func() { back, err = typed.Decode(data) })
		if err != nil || !same(back, v) {
			t.Errorf("%s: Decode of %d bytes: %v, and what came back differs", name, len(data), err)
		}
		if got > bound(data) {
			t.Errorf("%s: allocated %d for %d bytes; want at most %d", name, got, len(data), bound(data))
		}
	}
}

// TestAppendRefusesWhatDecodeWould checks that Append refuses a value that could not be
// decoded.
func TestAppendRefusesWhatDecodeWould(t *testing.T) {
	deep := &chain{}
	for range maxDepth {
		deep = &chain{deep}
	}
	refuse(t, "too deep", deep, ErrTooLarge)
	refuse(t, "too sparse", make([]wide, 100_000), ErrTooLarge)
	refuse(t, "too sparse", make([]*bigArray, 1), nil)
	refuse(t, "big and nearly empty", []map[string]wide{{"a": {}}}, nil)
	refuse[any](t, "a map by int in an interface", map[int]int{1: 1}, errKeys)
	refuse(t, "two values where one goes", []pair{{"a", 1}, {"b", 2}}, errTrailing)
}

// TestAppendRefusesKeys checks that Append refuses keys of maps that would be decoded as
// different keys.
func TestAppendRefusesKeys(t *testing.T) {
	type (
		holder struct{ V any }
		part   struct {
			A int
			b int
		}
	)
	refuse(t, "a struct", map[any]int{address{"s", "c"}: 1}, errMapKey)
	refuse(t, "an array", map[any]int{[2]int{1, 2}: 1}, errMapKey)
	refuse(t, "bytes", map[any]int{[4]byte{1}: 1}, errMapKey)
	refuse(t, "a binary form", map[any]int{point{1, 2}: 1}, errMapKey)
	refuse(t, "an array in a struct", map[holder]int{{[1]int{1}}: 1}, errMapKey)
	refuse(t, "an array in an array", []map[[2]any]int{{{1, [1]int{1}}: 1}}, errMapKey)
	refuse(t, "bytes in an interface in a value", map[any]any{"a": map[any]int{point{}: 1}}, nil)
	refuse(t, "an int8 and an int16", map[any]int{int8(1): 1, int16(1): 2}, errSameKey)
	refuse(t, "in a struct", map[holder]int{{int8(1)}: 1, {1}: 2}, errSameKey)
	refuse(t, "a string and another", map[any]string{"a": "x", userID("a"): "y"}, errSameKey)
	refuse(t, "one instant", map[time.Time]int{time.Unix(5, 0).UTC(): 1, time.Unix(5, 0).In(time.FixedZone("", 60)): 2}, errSameKey)
	refuse(t, "a field that is not stored", map[part]int{{1, 1}: 1, {1, 2}: 2}, errSameKey)
	refuse[any](t, "in an interface", map[any]any{"a": 1, userID("a"): 2}, errSameKey)
	refuse[any](t, "two fields in an interface", twice{1, 2}, ErrUnsupported)

	roundTrip(t, "scalars", map[any]int{"a": 1, int64(2): 3, int64(300): 4, true: 5, nil: 6, 1.5: 7, float32(1.5): 8})
	roundTrip(t, "scalars in a struct", map[holder]int{{"a"}: 1, {int64(2)}: 2})
	roundTrip(t, "slices behind a key", map[any]any{"a": []any{int64(1)}})
	roundTrip(t, "pointers", map[string]map[*int]int{"a": {nil: 1}})
	refuse(t, "pointers", map[*int]int{ptr(1): 1, ptr(1): 2}, nil)
	refuse(t, "NaNs", map[float64]int{math.NaN(): 1, math.Log(-1): 2}, nil)
	refuse[any](t, "bytes in an interface", map[uuid]int{{1}: 1}, nil)
}

func refuse[T any](t *testing.T, name string, v T, want error) {
	t.Helper()
	typed, err := Values[T](Auto)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := typed.Append([]byte("before"), v)
	if !errors.Is(err, want) {
		t.Errorf("%s: Append: %v; want %v", name, err, want)
	}
	if err != nil {
		if string(data) != "before" {
			t.Errorf("%s: a failed Append left %q", name, data)
		}
		return
	}
	if _, err := typed.Decode(data[len("before"):]); err != nil {
		t.Errorf("%s: Decode: %v", name, err)
	}
}
