package rpc

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// A type signature describes how a value looks in msgpack, so that a worker can refuse a
// value that it would misread. It describes kinds and not fields, so that one side may
// add fields to a struct. See docs/wire.md.

const (
	signatureNil = "nil" // no value
	signatureAny = "any" // matches everything
)

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	binaryMarshaler = reflect.TypeFor[encoding.BinaryMarshaler]()
	timeType        = reflect.TypeFor[time.Time]()
)

// signatureOf returns the signature of a type.
func signatureOf(t reflect.Type) string { return signatureAt(t, 4) }

// signatureAt describes a type down to the given depth. Deeper parts are any.
func signatureAt(t reflect.Type, depth int) string {
	if depth == 0 {
		return signatureAny
	}
	if t == timeType {
		return "time"
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		switch p := reflect.PointerTo(t); {
		case hasMsgpackMethods(p):
			return signatureAny
		case p.Implements(textMarshaler):
			return "text"
		case p.Implements(binaryMarshaler):
			return "bytes"
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[" + signatureAt(t.Elem(), depth-1) + "]"
	case reflect.Map:
		return "{" + signatureAt(t.Key(), depth-1) + ":" + signatureAt(t.Elem(), depth-1) + "}"
	case reflect.Pointer:
		if elem := signatureAt(t.Elem(), depth-1); elem != signatureAny {
			return strings.TrimSuffix(elem, "?") + "?"
		}
		return signatureAny
	case reflect.Struct:
		return structSignature(t, depth)
	default:
		return signatureAny
	}
}

// hasMsgpackMethods reports whether a type has methods with which msgpack libraries let
// it choose its own encoding.
func hasMsgpackMethods(t reflect.Type) bool {
	for _, name := range []string{"EncodeMsgpack", "MarshalMsgpack", "MarshalMsg"} {
		if _, ok := t.MethodByName(name); ok {
			return true
		}
	}
	return false
}

// structSignature returns "{}" if the struct is encoded as a map, and a tuple if as an
// array.
func structSignature(t reflect.Type, depth int) string {
	if t.NumField() == 0 {
		return "{}"
	}
	if f, ok := t.FieldByName("_msgpack"); !ok || !strings.Contains(f.Tag.Get("msgpack"), "as_array") && !strings.Contains(f.Tag.Get("msgpack"), "asArray") {
		return "{}"
	}
	var signatures []string
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Tag.Get("msgpack") != "-" {
			signatures = append(signatures, signatureAt(f.Type, depth-1))
		}
	}
	return tuple(signatures)
}

func tuple(signatures []string) string { return "(" + strings.Join(signatures, ",") + ")" }

// callSignature returns the signature in a frame: request and result.
func callSignature(req, res string) string { return req + ">" + res }

// signatureMatcher caches which signatures match that of a method. A worker has few
// signatures; the number of cached ones of callers is limited.
type signatureMatcher struct {
	own   string
	mu    sync.Mutex
	cache map[string]bool
}

const maxCachedSignatures = 256

// matches reports whether a caller's signature matches the worker's.
func (f *signatureMatcher) matches(signature string) bool {
	if signature == f.own {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ok, known := f.cache[signature]
	if !known {
		theirReq, theirRes, _ := strings.Cut(signature, ">")
		req, res, _ := strings.Cut(f.own, ">")
		ok = signaturesMatch(theirReq, req) && signaturesMatch(theirRes, res)
		if f.cache == nil {
			f.cache = map[string]bool{}
		}
		if len(f.cache) < maxCachedSignatures {
			f.cache[strings.Clone(signature)] = ok
		}
	}
	return ok
}

// signaturesMatch reports whether two signatures describe compatible encodings.
func signaturesMatch(a, b string) bool {
	if a == b || a == signatureAny || b == signatureAny {
		return true
	}
	a, b = strings.TrimSuffix(a, "?"), strings.TrimSuffix(b, "?")
	if a == b || a == signatureAny || b == signatureAny {
		return true
	}
	if a == signatureNil || b == signatureNil {
		return a == "{}" || b == "{}" // no value matches a struct without fields
	}
	as, aok := elements(a)
	bs, bok := elements(b)
	switch {
	case !aok || !bok || (a[0] == '{') != (b[0] == '{'):
		return false
	case a[0] == '{': // a struct matches every map
		return len(as) == 0 || len(bs) == 0 || len(as) == len(bs) && signaturesMatch(as[0], bs[0]) && signaturesMatch(as[1], bs[1])
	case a[0] == '[' && b[0] == '[':
		return signaturesMatch(as[0], bs[0])
	case a[0] == '[': // a tuple matches an array if all its elements do
		as, bs = bs, as
		fallthrough
	case b[0] == '[':
		for _, w := range as {
			if !signaturesMatch(w, bs[0]) {
				return false
			}
		}
		return true
	case len(as) != len(bs):
		return false
	}
	for i := range as {
		if !signaturesMatch(as[i], bs[i]) {
			return false
		}
	}
	return true
}

// elements returns the signatures between the brackets of a signature.
func elements(signature string) (signatures []string, ok bool) {
	if len(signature) < 2 || !slices.Contains([]string{"[]", "()", "{}"}, signature[:1]+signature[len(signature)-1:]) {
		return nil, false
	}
	depth, start := 0, 1
	for i := 1; i < len(signature)-1; i++ {
		switch signature[i] {
		case '[', '(', '{':
			depth++
		case ']', ')', '}':
			depth--
		case ',', ':':
			if depth == 0 {
				signatures, start = append(signatures, signature[start:i]), i+1
			}
		}
	}
	if start < len(signature)-1 {
		signatures = append(signatures, signature[start:len(signature)-1])
	}
	if signature[0] == '[' && len(signatures) != 1 || signature[0] == '{' && len(signatures) != 0 && len(signatures) != 2 {
		return nil, false
	}
	return signatures, true
}
