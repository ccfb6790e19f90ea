package codec

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

// ring is a key ring that a user might write.
type ring struct {
	now  uint32
	keys map[uint32][]byte
}

func (r ring) Current() (uint32, []byte)    { return r.now, r.keys[r.now] }
func (r ring) Key(id uint32) ([]byte, bool) { k, ok := r.keys[id]; return k, ok }

func testRing() ring {
	return ring{2, map[uint32][]byte{1: bytes.Repeat([]byte("a"), 32), 2: bytes.Repeat([]byte("b"), 32)}}
}

func scoped(c Codec, object string) Codec { return c.(Scoped).Scope(object) }

func TestFrames(t *testing.T) {
	for name, frame := range map[string]func(Codec, KeyRing, ...SealOption) Codec{"encrypt": Encrypt, "sign": Sign} {
		t.Run(name, func(t *testing.T) {
			keys := testRing()
			carts := scoped(frame(Auto, keys), "map:carts")
			data, err := carts.Append([]byte("before"), "two apples")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(data, []byte("before")) {
				t.Fatalf("Append = %q; want what was there kept", data)
			}
			data = data[len("before"):]
			reads := func(c Codec, data []byte, want error) {
				t.Helper()
				var back string
				err := c.Decode(data, &back)
				if want == nil && (err != nil || back != "two apples") || !errors.Is(err, want) {
					t.Errorf("Decode(%x) = %q, %v; want %v", data, back, err, want)
				}
				if _, ok := errors.AsType[*DecodeError](err); err != nil && !ok {
					t.Errorf("%v is no *DecodeError", err)
				}
			}
			reads(carts, data, nil)
			for i := range data {
				reads(carts, flipped(data, i), ErrSignature)
			}
			for n := range data {
				reads(carts, data[:n], ErrSignature)
			}
			reads(carts, append(data[:len(data):len(data)], 0), ErrSignature)
			reads(scoped(frame(Auto, keys), "map:wishes"), data, ErrSignature)
			reads(frame(Auto, keys), data, ErrSignature)
			reads(scoped(frame(Auto, nil), "map:carts"), data, ErrSignature)

			rotated := testRing()
			rotated.now = 1
			reads(scoped(frame(Auto, rotated), "map:carts"), data, nil)
			delete(rotated.keys, 2)
			reads(scoped(frame(Auto, rotated), "map:carts"), data, ErrSignature)
			rotated.keys[2] = bytes.Repeat([]byte("c"), 32)
			reads(scoped(frame(Auto, rotated), "map:carts"), data, ErrSignature)
			for _, key := range [][]byte{nil, []byte("short"), bytes.Repeat([]byte("b"), 31)} {
				bad := ring{2, map[uint32][]byte{2: key}}
				reads(scoped(frame(Auto, bad), "map:carts"), data, ErrSignature)
				if _, err := frame(Auto, bad).Append(nil, "x"); !errors.Is(err, ErrSignature) {
					t.Errorf("Append under a key of %d bytes = %v; want ErrSignature", len(key), err)
				}
			}
			if _, err := frame(Auto, nil).Append(nil, "x"); !errors.Is(err, ErrSignature) {
				t.Errorf("Append without a ring = %v; want ErrSignature", err)
			}
			typed, err := Values[string](carts)
			if err != nil {
				t.Fatal(err)
			}
			again, err := typed.Append(nil, "two apples")
			if err != nil {
				t.Fatal(err)
			}
			if back, err := typed.Decode(again); err != nil || back != "two apples" {
				t.Errorf("Decode = %q, %v; want two apples", back, err)
			}
			if same := bytes.Equal(again, data); same != (name == "sign") {
				t.Errorf("a second Append gave the same bytes: %v", same)
			}
		})
	}
	keys := testRing()
	signed, _ := Sign(Auto, keys).Append(nil, strings.Repeat("x", 40))
	var back string
	if err := Encrypt(Auto, keys).Decode(signed, &back); !errors.Is(err, ErrSignature) {
		t.Errorf("Encrypt read a frame of Sign: %q, %v", back, err)
	}
}

func flipped(data []byte, i int) []byte {
	out := bytes.Clone(data)
	out[i] ^= 1
	return out
}

// shelf is a ring that does not check the id that a frame names.
type shelf [][]byte

func (s shelf) Current() (uint32, []byte)    { return 0, s[0] }
func (s shelf) Key(id uint32) ([]byte, bool) { return s[id], true }

func TestRingThatPanics(t *testing.T) {
	keys := shelf{bytes.Repeat([]byte("a"), 32)}
	for _, c := range []Codec{Encrypt(Auto, keys), Sign(Auto, keys)} {
		data, err := c.Append(nil, "x")
		if err != nil {
			t.Fatal(err)
		}
		data[3] = 0xff
		if err := c.Decode(data, new(string)); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: Decode = %v; want ErrSignature", c.Name(), err)
		}
	}
	if _, err := Sign(Auto, shelf{}).Append(nil, "x"); !errors.Is(err, ErrSignature) {
		t.Errorf("Append with an empty ring = %v; want ErrSignature", err)
	}
}

// TestGoldenFrames checks that stored frames of version 1 can still be read.
func TestGoldenFrames(t *testing.T) {
	keys := testRing()
	compareGoldenFile(t, scoped(Sign(Auto, keys), "map:carts"), "sign",
		[]golden{stored("string", "two apples"), stored("struct", named{ID: 1, Note: "x"})})

	// Encrypt writes different bytes each time. The files have the bytes of one run.
	encrypt := scoped(Encrypt(Auto, keys), "map:carts")
	values := []golden{stored("string", "two apples"), stored("struct", named{ID: 1, Note: "x"})}
	path := filepath.Join("testdata", "encrypt.golden")
	if *update {
		writeGolden(t, encrypt, path, values)
	}
	want := readGolden(t, path)
	for _, g := range values {
		if err := g.get(encrypt, []byte(want[g.name+"\t"+g.kind])); err != nil {
			t.Errorf("%s: %v", g.name, err)
		}
	}
}

func TestScopeOfInnerCodec(t *testing.T) {
	keys := testRing()
	for _, outer := range []func(Codec) Codec{
		func(c Codec) Codec { return Compress(c, 0) },
		func(c Codec) Codec { return Limit(c, 1000) },
		func(c Codec) Codec { return Limit(Compress(Sign(c, keys), 0), 1000) },
	} {
		c := outer(Encrypt(Auto, keys))
		data, err := scoped(c, "a").Append(nil, "x")
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := scoped(c, "a").Decode(data, &back); err != nil || back != "x" {
			t.Errorf("%s: Decode = %q, %v; want x", c.Name(), back, err)
		}
		if err := scoped(c, "b").Decode(data, &back); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: read in another scope: %v", c.Name(), err)
		}
	}
	if _, ok := Auto.(Scoped); ok {
		t.Error("Auto has a scope; it has nothing to bind")
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	keys := ring{1, map[uint32][]byte{1: []byte("SECRETSECRETSECRETSECRETSECRETSE")}}
	for _, c := range []Codec{Encrypt(Auto, keys), Sign(Auto, keys), Limit(Encrypt(Auto, keys), 10), scoped(Sign(Auto, keys), "x")} {
		_, _ = c.Append(nil, "warm the caches")
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("codec", "c", c)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("codec", "c", c)
		holder := struct{ c Codec }{c}
		text := c.Name() + log.String() + fmt.Sprint(c)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T"} {
			text += fmt.Sprintf(verb, c) + fmt.Sprintf(verb, holder)
		}
		for _, checkNoLostFields := range []string{"SECRET", "534543524554", "83 69 67 82 69 84", "0x53, 0x45"} {
			if strings.Contains(text, checkNoLostFields) {
				t.Errorf("%s shows its key: %s", c.Name(), text)
			}
		}
	}
}
