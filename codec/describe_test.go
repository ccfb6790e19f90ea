package codec_test

import (
	"reflect"
	"testing"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/kinds"
	"github.com/desir-go/desir/internal/msgtype"
	"github.com/desir-go/desir/internal/pack"
)

// TestMain compares the signature of every type of TestKinds with the bytes that are
// written for its values.
func TestMain(m *testing.M) {
	kinds.Stored = func(t *testing.T, typ reflect.Type, out []byte) {
		t.Helper()
		r := pack.Tokens{Data: out}
		if s := msgtype.Signature(typ); !agrees(t, &r, s) || r.Pos != len(out) && s != "any" {
			t.Errorf("%v has the signature %s, and is stored as %q", typ, s, out)
		}
	}
	m.Run()
}

// agrees reads a value, and reports whether it is one of a signature.
func agrees(t *testing.T, r *pack.Tokens, signature string) bool {
	t.Helper()
	token, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	n := int(token.N)
	parts := partsOf(signature)
	switch token.Class {
	case pack.Array:
		ok := signature == "any" || signature[0] == '[' || signature[0] == '(' && len(parts) == n
		for i := range n {
			part := "any"
			switch {
			case ok && signature[0] == '[':
				part = parts[0]
			case ok && signature[0] == '(':
				part = parts[i]
			}
			ok = agrees(t, r, part) && ok
		}
		return ok
	case pack.Map:
		ok := signature == "any" || signature[0] == '{'
		for i := range 2 * n {
			part := "any"
			if ok && len(parts) == 2 {
				part = parts[i%2]
			}
			ok = agrees(t, r, part) && ok
		}
		return ok
	case pack.Nil: // also of an array, a map, bytes and a text of methods that is nil
		return signature != "bool" && signature != "int" && signature != "float" && signature != "time"
	}
	families := map[pack.Class][]string{
		pack.Bool: {"bool"}, pack.Int: {"int"}, pack.Uint: {"int"}, pack.Float32: {"float"}, pack.Float64: {"float"},
		pack.String: {"text"}, pack.Binary: {"bytes", "text"}, pack.Ext: {"time"},
	}
	for _, family := range families[token.Class] {
		if signature == family || signature == family+"?" {
			return true
		}
	}
	return signature == "any"
}

// partsOf returns the signatures between the brackets of a signature.
func partsOf(signature string) (parts []string) {
	depth, start := 0, 1
	for i, c := range signature {
		switch c {
		case '[', '(', '{':
			depth++
		case ']', ')', '}':
			if depth--; depth == 0 && i > start {
				parts = append(parts, signature[start:i])
			}
		case ',', ':':
			if depth == 1 {
				parts, start = append(parts, signature[start:i]), i+1
			}
		}
	}
	return parts
}

type (
	generatedByMsgp struct{ A int }
	rowBase         struct {
		//lint:ignore U1000 the codec reads its tag
		_msgpack struct{} `msgpack:",as_array"`
		A, B     int
	}
	hasRowBase struct {
		rowBase
		C int
	}
	rowOfBase struct {
		//lint:ignore U1000 the codec reads its tag
		_msgpack struct{}           `msgpack:",as_array"`
		Pair     struct{ X, Y int } `msgpack:",inline"`
		generatedBase
		Z string
	}
	generatedBase struct{ Q bool }
)

func (generatedByMsgp) MarshalMsg(b []byte) ([]byte, error)    { return append(b, 1), nil }
func (*generatedByMsgp) UnmarshalMsg(b []byte) ([]byte, error) { return b[1:], nil }

// TestSignatures has types whose signature does not follow from their kind.
func TestSignatures(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
	}{
		{generatedByMsgp{}, "{}"}, // the methods of msgp are for Auto alone
		{hasRowBase{}, "{}"},      // the tag of an embedded struct is its own
		{rowOfBase{}, "({},bool,text)"},
		{struct{ C chan int }{}, "any"}, // refused
	} {
		typ := reflect.TypeOf(tt.v)
		if got := msgtype.Signature(typ); got != tt.want {
			t.Errorf("signature of %v: %s; want %s", typ, got, tt.want)
		}
		if out, err := codec.Msgpack.Append(nil, tt.v); err == nil && !agrees(t, &pack.Tokens{Data: out}, tt.want) {
			t.Errorf("%v is stored as %q; want %s", typ, out, tt.want)
		}
	}
}
