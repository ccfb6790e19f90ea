package rpc

import (
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

type (
	packed  struct{ A int }
	nested  struct{ Next *nested }
	selfish *selfish
	row     struct {
		//lint:ignore U1000 it says how the fields travel
		_msgpack struct{} `msgpack:",as_array"`
		A        int
		B        string
		//lint:ignore U1000 it does not travel
		hidden int
		C      int `msgpack:"-"`
	}
)

func (p *packed) EncodeMsgpack(enc *msgpack.Encoder) error { return enc.EncodeInt(int64(p.A)) }

func TestSignatureOf(t *testing.T) {
	for want, types := range map[string][]reflect.Type{
		"bool":        {reflect.TypeFor[bool]()},
		"int":         {reflect.TypeFor[int8](), reflect.TypeFor[uint64](), reflect.TypeFor[time.Duration]()},
		"float":       {reflect.TypeFor[float32](), reflect.TypeFor[float64]()},
		"text":        {reflect.TypeFor[string](), reflect.TypeFor[big.Int]()},
		"bytes":       {reflect.TypeFor[[]byte](), reflect.TypeFor[[4]byte](), reflect.TypeFor[url.URL](), reflect.TypeFor[netip.Addr]()},
		"time":        {reflect.TypeFor[time.Time]()},
		"int?":        {reflect.TypeFor[*int](), reflect.TypeFor[**int]()},
		"any":         {reflect.TypeFor[any](), reflect.TypeFor[*any](), reflect.TypeFor[packed](), reflect.TypeFor[error](), reflect.TypeFor[selfish]()},
		"[int]":       {reflect.TypeFor[[]int](), reflect.TypeFor[[3]uint16]()},
		"[[text]]":    {reflect.TypeFor[[][]string]()},
		"[[[[any]]]]": {reflect.TypeFor[[][][][]int]()},
		"{text:int}":  {reflect.TypeFor[map[string]int]()},
		"{text:{int:[bool]}}": {
			reflect.TypeFor[map[string]map[int][]bool](),
		},
		"{}":         {reflect.TypeFor[struct{}](), reflect.TypeFor[nested]()},
		"{}?":        {reflect.TypeFor[*nested]()},
		"(int,text)": {reflect.TypeFor[row]()},
	} {
		for _, typ := range types {
			if got := signatureOf(typ); got != want {
				t.Errorf("signatureOf(%v) = %q; want %q", typ, got, want)
			}
		}
	}
}

func TestSignaturesMatch(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"int", "int", true},
		{"int", "text", false},
		{"int", "float", false},
		{"any", "[int]", true},
		{"nil", "{}", true},
		{"nil", "nil", true},
		{"nil", "int", false},
		{"nil", "int?", false},
		{"int?", "int", false},
		{"[int]", "[any]", false},
		{"[int]", "(int,int)", false},
		{"{}", "{text:int}", false},
		{"", "int", false},
	} {
		if got := signaturesMatch(tt.a, tt.b); got != tt.want {
			t.Errorf("signaturesMatch(%q, %q) = %t", tt.a, tt.b, got)
		}
		if got := signaturesMatch(tt.b, tt.a); got != tt.want {
			t.Errorf("signaturesMatch(%q, %q) = %t", tt.b, tt.a, got)
		}
	}
}

func TestSignatureMatcher(t *testing.T) {
	f := signatureMatcher{own: "[int]>int"}
	for signature, want := range map[string]bool{
		"[int]>int": true, "any>any": true, "[int]>any": true, "[text]>int": false, "[int]": false, "[int]>": false, "": false, "[int]>int>int": false,
	} {
		if got := f.matches(signature); got != want {
			t.Errorf("matches(%q) = %t", signature, got)
		}
	}
}
