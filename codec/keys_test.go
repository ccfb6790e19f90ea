package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

type sku struct {
	Code  string
	Color uint8 `msgpack:"c"`
	Sizes [2]int16
	Since time.Time
	In    netip.Addr
}

type blank struct {
	_ int
	A int
}

func storedKey[T comparable](name string, v T) golden {
	return golden{
		name, reflect.TypeFor[T]().String(),
		func(c Codec) ([]byte, error) {
			typed, err := Keys[T](c)
			if err != nil {
				return nil, err
			}
			return typed.Append(nil, v)
		},
		func(c Codec, data []byte) error {
			typed, err := Keys[T](c)
			if err != nil {
				return err
			}
			if back, err := typed.Decode(data); err != nil || back != v {
				return fmt.Errorf("decoded %+v, %v; want %+v", back, err, v)
			}
			return nil
		},
	}
}

func TestGoldenKeys(t *testing.T) {
	compareGoldenFile(t, Auto, "keys", []golden{
		storedKey("string", "a b"), storedKey("named", userID("ada")), storedKey("int", -7), storedKey("uint64", uint64(math.MaxUint64)),
		storedKey("bool", true), storedKey("text", level(3)), storedKey("uuid", uuid{1, 15: 2}), storedKey("addr", netip.MustParseAddr("::1")),
		storedKey("time", time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC)),
		storedKey("array", [3]int8{-1, 0, 127}), storedKey("digest", [4]byte{1, 2, 3, 4}), storedKey("array of text", [2]level{1, 2}),
		storedKey("struct", sku{"x", 200, [2]int16{-300, 4}, time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC), netip.MustParseAddr("10.0.0.1")}),
		storedKey("struct as array", row{A: 1, B: "b"}), storedKey("struct of none", struct{}{}), storedKey("blank field", blank{A: 1}),
	})
}

// TestKeysAreCanonical checks that equal keys have equal bytes, unequal keys have unequal
// bytes, and every key is decoded as itself.
func TestKeysAreCanonical(t *testing.T) {
	canonicalKeys[string](t)
	canonicalKeys[userID](t)
	canonicalKeys[bool](t)
	canonicalKeys[int](t)
	canonicalKeys[int8](t)
	canonicalKeys[uint16](t)
	canonicalKeys[uint64](t)
	canonicalKeys[[2]string](t)
	canonicalKeys[[3]uint8](t)
	canonicalKeys[[2]bool](t)
	canonicalKeys[struct {
		A string
		B int16
		C [2]userID
		D struct{ E, F uint8 }
	}](t)
	canonicalKeys[address](t)
	canonicalKeys[row](t)
}

func canonicalKeys[T comparable](t *testing.T) {
	t.Helper()
	seed := rand.Uint64()
	for _, c := range []Codec{Auto, Msgpack, Limit(Auto, 1<<20)} {
		keys, err := Keys[T](c)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		old := map[string]T{}
		for range 300 {
			var k T
			fill(reflect.ValueOf(&k).Elem(), rng)
			data, err := keys.Append(nil, k)
			if err != nil {
				t.Fatalf("%T %+v: %v", k, k, err)
			}
			if other, ok := old[string(data)]; ok && other != k {
				t.Errorf("seed %d: %+v and %+v are both %q", seed, k, other, data)
			}
			for encoded, other := range old {
				if other == k && encoded != string(data) {
					t.Errorf("seed %d: %+v is %q and %q", seed, k, data, encoded)
				}
			}
			old[string(data)] = k
			if back, err := keys.Decode(data); err != nil || back != k {
				t.Errorf("seed %d: %q decodes to %+v, %v; want %+v", seed, data, back, err, k)
			}
		}
	}
}

// fill sets v to one of a few values, so that equal values occur.
func fill(v reflect.Value, rng *rand.Rand) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "a", "aa", "b", "\x00", "\xc0", "é", strings.Repeat("x", 40)}[rng.IntN(8)])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 31, -33, 127, -128, math.MaxInt64 >> (64 - v.Type().Bits()), math.MinInt64 >> (64 - v.Type().Bits())}[rng.IntN(9)])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint([]uint64{0, 1, 127, 128, 255, math.MaxUint64 >> (64 - v.Type().Bits())}[rng.IntN(6)])
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), rng)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), rng)
			}
		}
	}
}

func TestKeysOfTimeAreInstants(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC)
	there := at.In(time.FixedZone("there", 3600))
	times, err := Keys[time.Time](nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := times.Append(nil, at)
	b, _ := times.Append(nil, there)
	if !bytes.Equal(a, b) {
		t.Errorf("one instant is %q and %q", a, b)
	}
	if back, err := times.Decode(b); err != nil || back != at {
		t.Errorf("Decode = %v, %v; want %v", back, err, at)
	}
	type shift struct{ From time.Time }
	shifts, err := Keys[shift](nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ = shifts.Append(nil, shift{at})
	b, _ = shifts.Append(nil, shift{there})
	if !bytes.Equal(a, b) {
		t.Errorf("one instant in a struct is %q and %q", a, b)
	}
	if back, err := shifts.Decode(b); err != nil || back != (shift{at}) {
		t.Errorf("Decode = %v, %v; want %v", back, err, at)
	}
}

func TestKeysRefuseOtherBytes(t *testing.T) {
	not := func(decode func([]byte) error, data string) {
		t.Helper()
		if err := decode([]byte(data)); err == nil {
			t.Errorf("Decode(%q) = nil; want an error", data)
		}
	}
	ints := decodeKey[int](t, Auto)
	for _, data := range []string{"", "+5", "05", "-0", " 5", "5 ", "0x5", "5.0", "1e3", "1_000"} {
		not(ints, data)
	}
	not(decodeKey[int8](t, Auto), "128")
	not(decodeKey[bool](t, Auto), "true")
	not(decodeKey[time.Time](t, Auto), "2024-02-29T12:00:00+01:00")
	not(decodeKey[time.Time](t, Auto), "2024-02-29T12:00:00.10Z")
	not(decodeKey[[2]int](t, Auto), "\x92\x01\xd0\x02")                             // a long 2
	not(decodeKey[[2]int](t, Auto), "\x91\x01")                                     // too few
	not(decodeKey[[2]int](t, Auto), "\xc0")                                         // nil
	not(decodeKey[address](t, Auto), "\x82\xa4City\xa1x\xa6Street\xa1y")            // another order
	not(decodeKey[address](t, Auto), "\x82\xa6Street\xc4\x01y\xa4City\xa1x")        // bin for str
	not(decodeKey[address](t, Auto), "\x83\xa6Street\xa1y\xa4City\xa1x\xa3Zip\x05") // a field of tomorrow
	not(decodeKey[string](t, Msgpack), "\xd9\x01x")                                 // a long length
	not(decodeKey[uint8](t, Msgpack), "\xcd\x00\x05")                               // 5 in two bytes
	not(decodeKey[[4]byte](t, Auto), "\xc4\x03abc")                                 // too few
}

func decodeKey[T comparable](t *testing.T, c Codec) func([]byte) error {
	keys, err := Keys[T](c)
	if err != nil {
		t.Fatal(err)
	}
	return func(data []byte) error {
		_, err := keys.Decode(data)
		if _, ok := errors.AsType[*DecodeError](err); err != nil && !ok {
			t.Errorf("%v is no *DecodeError", err)
		}
		return err
	}
}

type halfText struct{ A int }

func (halfText) MarshalText() ([]byte, error) { return nil, nil }

type twice struct {
	A int `msgpack:"x"`
	B int `msgpack:"x"`
}

func TestKeysUnsupported(t *testing.T) {
	type (
		checkNoLostFields struct{ a int }
		skipped           struct {
			A int `msgpack:"-"`
		}
		omits struct {
			A int `msgpack:",omitempty"`
		}
		inner struct{ P *int }
		deep  struct{ A [2]inner }
		rich  struct{ F float64 }
	)
	unsupportedKey[float64](t, nil, "float")
	unsupportedKey[complex128](t, nil, "float")
	unsupportedKey[any](t, nil, "points at")
	unsupportedKey[*int](t, nil, "points at")
	unsupportedKey[error](t, nil, "points at")
	unsupportedKey[chan int](t, nil, "chan")
	unsupportedKey[uintptr](t, nil, "uintptr")
	unsupportedKey[checkNoLostFields](t, nil, "unexported")
	unsupportedKey[skipped](t, nil, "field A is not stored")
	unsupportedKey[omits](t, nil, "not always stored")
	unsupportedKey[deep](t, nil, "points at")
	unsupportedKey[rich](t, nil, "float")
	unsupportedKey[[1]any](t, nil, "points at")
	unsupportedKey[halfText](t, nil, "needs both")
	unsupportedKey[point](t, nil, "own methods")
	unsupportedKey[generated](t, nil, "own methods")
	unsupportedKey[pair](t, nil, "own methods")
	unsupportedKey[celsius](t, nil, "own methods")
	unsupportedKey[url.URL](t, nil, "own methods")
	unsupportedKey[promoted](t, nil, "unexported")
	unsupportedKey[twice](t, nil, "two fields")
	for _, c := range []Codec{JSON, Compress(nil, 0), Encrypt(nil, nil), Sign(nil, nil), Limit(JSON, 9), foreignCodec{}} {
		unsupportedKey[string](t, c, "different bytes")
	}
	unsupportedKey[int](t, Raw, "Raw")
	unsupportedKey[address](t, Text, "text form")
}

func unsupportedKey[T comparable](t *testing.T, c Codec, why string) {
	t.Helper()
	typed, err := Keys[T](c)
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), why) {
		t.Errorf("Keys[%v] = %v; want ErrUnsupported because of %q", reflect.TypeFor[T](), err, why)
	}
	var k T
	if _, err := typed.Append(nil, k); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Append of Keys[%v] = %v; want ErrUnsupported", reflect.TypeFor[T](), err)
	}
	if _, err := typed.Decode(nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Decode of Keys[%v] = %v; want ErrUnsupported", reflect.TypeFor[T](), err)
	}
}
