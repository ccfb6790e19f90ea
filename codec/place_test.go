package codec

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// atField is a codec at one place, so that tests of codecs can use it.
type atField struct {
	Bound
	field string
}

func (a atField) Append(dst []byte, v any) ([]byte, error) { return a.AppendAt(dst, a.field, v) }
func (a atField) Decode(data []byte, ptr any) error        { return a.DecodeAt(data, a.field, ptr) }
func placedAt(c Codec, object, field string) Codec         { return atField{scoped(c, object).(Bound), field} }

func sealers() map[string]func(Codec, KeyRing, ...SealOption) Codec {
	return map[string]func(Codec, KeyRing, ...SealOption) Codec{"encrypt": Encrypt, "sign": Sign}
}

// TestPlaces checks that bytes made for one place are refused at every other place and
// without a place.
func TestPlaces(t *testing.T) {
	keys := testRing()
	for name, seal := range sealers() {
		for _, outer := range []func(Codec) Codec{
			func(c Codec) Codec { return c },
			func(c Codec) Codec { return Compress(c, 0) },
			func(c Codec) Codec { return Limit(Compress(Sign(c, keys), 0), 1000) },
			func(c Codec) Codec { return Encrypt(Compress(c, 0), keys) },
		} {
			c := outer(seal(Auto, keys))
			carts := scoped(c, "map:carts")
			typed, err := Placed[string](carts)
			if err != nil || !Binds(c) {
				t.Fatalf("%s: %v, binds %t", c.Name(), err, Binds(c))
			}
			for _, at := range []string{"root", "", "\x00", strings.Repeat("x", 300)} {
				data, err := typed.Append([]byte("before"), at, "admin")
				if err != nil || !bytes.HasPrefix(data, []byte("before")) {
					t.Fatalf("%s: %q, %v", c.Name(), data, err)
				}
				data = data[len("before"):]
				if v, err := typed.Decode(data, at); err != nil || v != "admin" {
					t.Errorf("%s at %q: %q, %v", c.Name(), at, v, err)
				}
				var v string
				if err := carts.(Bound).DecodeAt(data, at, &v); err != nil || v != "admin" {
					t.Errorf("%s: DecodeAt = %q, %v", c.Name(), v, err)
				}
				for _, other := range []string{"mallory", "roo", "root\x00", at + "x"} {
					if v, err := typed.Decode(data, other); !errors.Is(err, ErrSignature) || v != "" {
						t.Errorf("%s, made at %q, at %q: %q, %v; want ErrSignature", c.Name(), at, other, v, err)
					}
				}
				for _, wrong := range []Codec{carts, c, placedAt(c, "map:other", at), placedAt(c, "", "map:carts"+at)} {
					if err := wrong.Decode(data, &v); !errors.Is(err, ErrSignature) {
						t.Errorf("%s elsewhere: %v; want ErrSignature", name, err)
					}
				}
				for i := range data {
					if v, err := typed.Decode(flipped(data, i), at); err == nil {
						t.Errorf("%s: byte %d changed: %q", c.Name(), i, v)
					}
				}
			}
			free, err := carts.Append(nil, "admin")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := typed.Decode(free, "root"); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: a value without a place at one: %v; want ErrSignature", c.Name(), err)
			}
		}
	}
	for _, c := range []Codec{nil, Auto, JSON, Limit(Compress(Auto, 0), 100)} {
		typed, err := Placed[string](c)
		if err != nil || c != nil && Binds(c) {
			t.Fatalf("%v: %v", c, err)
		}
		data, _ := typed.Append(nil, "here", "x")
		if v, err := typed.Decode(data, "there"); err != nil || v != "x" {
			t.Errorf("a codec that binds nothing: %q, %v", v, err)
		}
	}
	if typed, err := Placed[chan int](Encrypt(Auto, keys)); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	} else if _, again := typed.Decode(nil, ""); !errors.Is(again, ErrUnsupported) {
		t.Error(again)
	}
}

// TestReadUnbound checks that only a codec with ReadUnbound reads frames of version 1 at
// a place.
func TestReadUnbound(t *testing.T) {
	keys := testRing()
	for name, seal := range sealers() {
		old := scoped(seal(Auto, keys), "map:carts")
		data, err := old.Append(nil, "two apples")
		if err != nil {
			t.Fatal(err)
		}
		upgrading := seal(Auto, keys, ReadUnbound(), nil)
		var v string
		if err := placedAt(upgrading, "map:carts", "k").Decode(data, &v); err != nil || v != "two apples" {
			t.Errorf("%s: %q, %v", name, v, err)
		}
		for i := range data {
			if err := placedAt(upgrading, "map:carts", "k").Decode(flipped(data, i), &v); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: byte %d changed: %v", name, i, err)
			}
		}
		if err := placedAt(upgrading, "map:other", "k").Decode(data, &v); !errors.Is(err, ErrSignature) {
			t.Errorf("%s in another map: %v; want ErrSignature", name, err)
		}
		fresh, err := placedAt(upgrading, "map:carts", "k").Append(nil, "two apples")
		if err != nil || fresh[0] != boundVersion {
			t.Errorf("%s writes % x, %v; want a frame of version 2", name, fresh, err)
		}
		if err := placedAt(upgrading, "map:carts", "l").Decode(fresh, &v); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: a new frame at another place: %v; want ErrSignature", name, err)
		}
	}
}

// TestGoldenBoundFrames checks that stored frames of version 2 can still be read.
func TestGoldenBoundFrames(t *testing.T) {
	keys := testRing()
	values := []golden{stored("string", "two apples"), stored("struct", named{ID: 1, Note: "x"})}
	for name, seal := range sealers() {
		c := placedAt(seal(Auto, keys), "map:carts", "ada")
		path := filepath.Join("testdata", name+"_bound.golden")
		if *update {
			writeGolden(t, c, path, values)
		}
		want := readGolden(t, path)
		for _, g := range values {
			if err := g.get(c, []byte(want[g.name+"\t"+g.kind])); err != nil {
				t.Errorf("%s: %s: %v", name, g.name, err)
			}
			if got, err := g.put(c); name == "sign" && (err != nil || string(got) != want[g.name+"\t"+g.kind]) {
				t.Errorf("%s: %s: %q, %v", name, g.name, got, err)
			}
		}
	}
}

// FuzzPlaces checks that no frame is read at a place that it was not made for.
func FuzzPlaces(f *testing.F) {
	keys := testRing()
	for _, seal := range sealers() {
		data, err := placedAt(seal(Auto, keys), "o", "a").Append(nil, "x")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "o", "b")
		f.Add(data, "oa", "")
	}
	f.Fuzz(func(t *testing.T, data []byte, object, at string) {
		for name, seal := range sealers() {
			var v string
			for _, c := range []Codec{scoped(seal(Auto, keys), object), placedAt(seal(Auto, keys), object, at)} {
				if err := c.Decode(data, &v); err == nil && (object != "o" || at != "a") {
					t.Errorf("%s read %q at %q of %q", name, data, at, object)
				}
			}
			if object == "o" && at == "a" {
				continue
			}
			made, err := placedAt(seal(Auto, keys), object, at).Append(nil, "x")
			if err != nil {
				t.Fatal(err)
			}
			if err := placedAt(seal(Auto, keys), "o", "a").Decode(made, &v); err == nil {
				t.Errorf("%s: made at %q of %q, and read elsewhere", name, at, object)
			}
		}
	})
}
