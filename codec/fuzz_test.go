package codec

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"testing"
	"time"
)

// FuzzRoundTrip checks that Decode reads what Append writes, in every form.
func FuzzRoundTrip(f *testing.F) {
	f.Add("two apples", int64(-7), uint64(200), 0.1, []byte{0xc1}, true, int64(5))
	f.Add("", int64(math.MinInt64), uint64(math.MaxUint64), math.Inf(-1), []byte{}, false, int64(0))
	f.Fuzz(func(t *testing.T, s string, i int64, u uint64, fl float64, b []byte, yes bool, nanos int64) {
		at := time.Unix(i%(1<<32), nanos%1e9).UTC()
		for _, c := range []Codec{Auto, Msgpack, Limit(Compress(Encrypt(Sign(Auto, testRing()), testRing()), 10), 1<<20)} {
			roundTripBytes(t, c, s)
			roundTripBytes(t, c, userID(s))
			roundTripBytes(t, c, i)
			roundTripBytes(t, c, int8(i))
			roundTripBytes(t, c, int16(i))
			roundTripBytes(t, c, u)
			roundTripBytes(t, c, uint32(u))
			roundTripBytes(t, c, yes)
			roundTripBytes(t, c, at)
			roundTripBytes(t, c, netip.AddrFrom4([4]byte{byte(u), byte(u >> 8), byte(i), 1}))
			roundTripBytes(t, c, *big.NewInt(i))
			roundTripBytes(t, c, uuid{byte(u), 15: byte(i)})
			roundTripBytes(t, c, point{uint16(u), uint16(i)})
			roundTripBytes(t, c, generated{byte(i) & 0x7f})
			roundTripBytes(t, c, &i)
			roundTripBytes[any](t, c, []any{s, yes, nil, map[string]any{s: string(b)}})
			roundTripBytes(t, c, map[int64]string{i: s, 0: "", int64(u): "x"})
			roundTripBytes(t, c, []string{s, "", s})
			if fl == fl {
				roundTripBytes(t, c, fl)
				roundTripBytes(t, c, float32(fl))
				roundTripBytes(t, c, order{
					ID: int(i), Owner: userID(s), Paid: yes, Total: fl, Weight: float32(fl), At: at, Tags: []string{s}, Attrs: map[string]string{s: "v"},
					Counts: map[string]int{s: int(i), "x": 1}, Lines: []named{{ID: i, Note: s}}, Blob: append([]byte{1}, b...), Parent: &order{At: at, Left: ""},
				})
			}
			roundTripBytes(t, c, append([]byte{}, b...))
		}
	})
}

func roundTripBytes[T any](t *testing.T, c Codec, v T) {
	t.Helper()
	typed, err := Values[T](c)
	if err != nil {
		t.Fatal(err)
	}
	data, err := typed.Append(nil, v)
	if err != nil {
		t.Fatalf("%s: Append(%#v): %v", c.Name(), v, err)
	}
	back, err := typed.Decode(data)
	if err != nil || !same(back, v) {
		t.Fatalf("%s: Decode(%q) = %#v, %v; want %#v", c.Name(), data, back, err, v)
	}
	if c == Auto || c == Msgpack {
		if again, err := typed.Append(nil, back); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%s: %#v is %q, and after a round trip %q, %v", c.Name(), v, data, again, err)
		}
	}
}

// FuzzHostile checks, for many types, that no bytes end the process or exceed the memory
// bound, and that every accepted value can be encoded again.
func FuzzHostile(f *testing.F) {
	for _, data := range bombs(40) {
		f.Add(data, uint8(len(data)))
	}
	for _, v := range []any{sampleOrder(), tree{"a", []*tree{{}}}, labels{"a": {A: "x"}}, []pair{}, map[[3]int]string{{1}: "x"}} {
		data, err := Auto.Append(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(4))
	}
	all := targets()
	for _, to := range all {
		_ = to.decode(Auto, nil)
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		hostile(t, Auto, all[int(which)%len(all)], data)
	})
}

// FuzzHostileJSON is the same for JSON.
func FuzzHostileJSON(f *testing.F) {
	for _, data := range jsonBombs(40) {
		f.Add(data, uint8(len(data)))
	}
	all := append(targets(), into[[]embedsBig]("[]embedsBig"), into[[]jsonTags]("[]jsonTags"))
	for _, to := range all {
		_ = to.decode(JSON, nil)
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		hostile(t, JSON, all[int(which)%len(all)], data)
	})
}

// FuzzFrames is the same for frames and compressed bytes.
func FuzzFrames(f *testing.F) {
	var codecs []Codec
	for _, inner := range []Codec{Auto, JSON} {
		codecs = append(codecs, Compress(inner, 0), Sign(inner, testRing()), Encrypt(inner, testRing()), Limit(inner, 1000))
	}
	for _, c := range codecs {
		data, err := c.Append(nil, repeatValue("two apples", 100))
		if err == nil {
			f.Add(data, uint8(1))
		}
	}
	for _, data := range bombs(40) {
		f.Add(zstdEncoder().EncodeAll(data, []byte{zstdBody}), uint8(0))
	}
	all := []target{into[string]("string"), into[any]("any"), into[[]bigArray]("[]bigArray"), into[[]string]("[]string"), into[*chain]("*chain"), into[[]byte]("[]byte")}
	for _, to := range all {
		for _, c := range codecs {
			_ = to.decode(c, nil)
		}
	}
	_, _ = zstdDecoder().DecodeAll(zstdEncoder().EncodeAll([]byte("warm"), nil), nil)
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		hostile(t, codecs[int(which)%len(codecs)], all[int(which)/len(codecs)%len(all)], data)
	})
}

func hostile(t *testing.T, c Codec, to target, data []byte) {
	t.Helper()
	var err error
	if got := allocated(func() { err = to.decode(c, data) }); got > bound(data) {
		t.Errorf("%s into %s: allocated %d for %d bytes; want at most %d", c.Name(), to.name, got, len(data), bound(data))
	}
	if _, ok := errors.AsType[*DecodeError](err); err != nil && !ok {
		t.Errorf("%s into %s: %v is no *DecodeError", c.Name(), to.name, err)
	}
}

// FuzzKeys checks that accepted bytes are the bytes that Append writes for the key.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"", "7", "-0", "L3", "1", "::1", "2024-02-29T01:02:03.000004Z", "\x82\xa6Street\xa1x\xa4City\xa1y", "\x92\xa1a\xa1b", "\xc4\x04abcd"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTripKey[string](t, data)
		roundTripKey[int64](t, data)
		roundTripKey[uint8](t, data)
		roundTripKey[bool](t, data)
		roundTripKey[time.Time](t, data)
		roundTripKey[address](t, data)
		roundTripKey[[2]string](t, data)
		roundTripKey[[4]byte](t, data)
		roundTripKey[row](t, data)
		roundTripKey[struct{ At time.Time }](t, data)
	})
}

func roundTripKey[T comparable](t *testing.T, data []byte) {
	t.Helper()
	for _, c := range []Codec{Auto, Msgpack} {
		keys, err := Keys[T](c)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keys.Decode(data)
		if err != nil {
			continue
		}
		if out, err := keys.Append(nil, k); err != nil || !bytes.Equal(out, data) {
			t.Errorf("%s: %q is the key %+v, whose bytes are %q, %v", c.Name(), data, k, out, err)
		}
	}
}
