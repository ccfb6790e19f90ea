package stored_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/stored"
)

// TestStringsAreVerbatim encodes and decodes strings without a copy or an allocation.
func TestStringsAreVerbatim(t *testing.T) {
	c, err := stored.Values[string](codec.Auto)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1000)
	if n := testing.AllocsPerRun(100, func() {
		s, _ := c.Encode(long)
		if v, _ := c.Decode(s, "k", "f"); v != long {
			t.Fatal("another string came back")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestEncodeCopies: the caller may change its bytes after Encode.
func TestEncodeCopies(t *testing.T) {
	c, err := stored.Values[[]byte](codec.Auto)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte("before")
	s, err := c.Encode(b)
	copy(b, "after!")
	if s != "before" || err != nil {
		t.Errorf("Encode = %q, %v", s, err)
	}
}

func TestDecodeAll(t *testing.T) {
	c, err := stored.Values[int](codec.Auto)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := c.DecodeAll([]string{"1", "x", "3"}, "numbers")
	bad, ok := errors.AsType[*codec.DecodeError](err)
	if !slices.Equal(vs, []int{1, 3}) || !ok || bad.Key != "numbers" {
		t.Errorf("DecodeAll = %v, %v", vs, err)
	}
	rubbish := slices.Repeat([]string{"x"}, 1000)
	_, err = c.DecodeAll(rubbish, "numbers")
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 100 {
		t.Errorf("%d errors joined, want 100", n)
	}
}

func TestRefused(t *testing.T) {
	if _, err := stored.Keys[float64](codec.Auto); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("a float as a key: %v", err)
	}
	if err := stored.CheckDeterministic(codec.JSON); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("comparing JSON: %v", err)
	}
	if err := stored.CheckDeterministic(codec.Auto); err != nil {
		t.Errorf("comparing Auto: %v", err)
	}
}
