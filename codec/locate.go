package codec

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/desir-go/desir/internal/pack"
)

// pathError is a reason with the path inside the value, for example Home.Lines[3].Number.
// A key of a map is payload, so the path shows it as a star.
type pathError struct {
	path string
	err  error
}

func (l *pathError) Error() string { return l.path + ": " + l.err.Error() }
func (l *pathError) Unwrap() error { return l.err }

// longPath is the bound of a path, for long names and recursive types.
const longPath = 100

// inField adds a field, an element or an entry to the front of the path of an error.
func inField(step string, err error) error {
	l, ok := err.(*pathError)
	switch {
	case !ok:
		return &pathError{step, err}
	case len(l.path)+len(step) > longPath:
		if !strings.HasPrefix(l.path, "…") {
			l.path = "…" + l.path
		}
	case l.path[0] == '[':
		l.path = step + l.path
	default:
		l.path = step + "." + l.path
	}
	return l
}

func inElement(i int, err error) error { return inField("["+strconv.Itoa(i)+"]", err) }

func inEntry(err error) error { return inField("[*]", err) }

// path returns the Go field that has a stored name.
func (p *plan) path(name []byte) string {
	if path, ok := p.paths[string(name)]; ok {
		return path
	}
	return "an unknown field" // its name is payload
}

// unexpected returns an error that says what was found and what the type wants.
func (p *plan) unexpected(t pack.Token) error {
	return refusal(describeClass(t.Class) + ", want " + p.describe())
}

func describeClass(c pack.Class) string {
	switch c {
	case pack.Nil:
		return "nil"
	case pack.Bool:
		return "boolean"
	case pack.Int, pack.Uint:
		return "integer"
	case pack.Float32, pack.Float64:
		return "floating-point number"
	case pack.Ext:
		return "extension or time"
	case pack.Array:
		return "array"
	case pack.Map:
		return "map"
	case pack.Binary:
		return "bytes"
	}
	return "text"
}

func (p *plan) describe() string {
	word := ""
	switch p.shape {
	case blobShape:
		word = "text or bytes"
	case timeShape:
		word = "time"
	case boolShape:
		word = "boolean"
	case intShape, uintShape:
		word = "integer"
	case floatShape:
		word = "number"
	case stringShape, byteArrayShape:
		word = "text or bytes"
	case sliceShape, arrayShape:
		word = "array"
	case structShape:
		if word = "map"; p.asArray {
			word = "array"
		}
	default:
		word = "map"
	}
	if p.typ.Kind() == reflect.Struct && p.typ.Name() == "" {
		return word + " (struct)" // its name is all its fields
	}
	return word + " (" + p.typ.String() + ")"
}

// findRefused finds the value whose methods refused its bytes, in bytes that the guard
// accepted and the library refused. It calls the methods again.
func (p *plan) findRefused(data []byte, err error) error {
	g := guard{Tokens: pack.Tokens{Data: data}, budget: budgetFor(len(data)), callMethods: true}
	if found := g.value(p); found != nil && !p.needs.multiValue {
		return found
	}
	return hideForeign("msgpack", err)
}

// callUnmarshal decodes one value with the methods of its type, and returns their error.
func (p *plan) callUnmarshal(data []byte) (err error) {
	defer catchPanic(&err)
	v := reflect.New(p.typ).Interface()
	r := pack.Tokens{Data: data}
	switch t, _ := r.Next(); {
	case t.Class == pack.Nil:
		return nil
	case p.hook == binaryHook:
		err = v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data[len(data)-int(t.N):])
	case p.hook == textHook:
		err = v.(encoding.TextUnmarshaler).UnmarshalText(data[len(data)-int(t.N):])
	default:
		err = msgpack.Unmarshal(data, v)
	}
	return hideForeign(hookMethods[p.hook][1].name, err)
}
