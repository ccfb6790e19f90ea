package codec

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// located is a reason with the path inside the value, for example Home.Lines[3].Number. A
// key of a map is payload, so the path shows it as a star.
type located struct {
	path string
	err  error
}

func (l *located) Error() string { return l.path + ": " + l.err.Error() }
func (l *located) Unwrap() error { return l.err }

// longPath is the bound of a path, for long names and recursive types.
const longPath = 100

// in adds a field, an element or an entry to the front of the path of an error.
func in(step string, err error) error {
	l, ok := err.(*located)
	switch {
	case !ok:
		return &located{step, err}
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

func inElement(i int, err error) error { return in("["+strconv.Itoa(i)+"]", err) }

func inEntry(err error) error { return in("[*]", err) }

// path returns the Go field that has a stored name.
func (p *plan) path(name []byte) string {
	if path, ok := p.paths[string(name)]; ok {
		return path
	}
	return "an unknown field" // its name is payload
}

// unexpected returns an error that says what was found and what the type wants. first is
// the first byte of the token.
func (p *plan) unexpected(t token, first byte) error {
	return refusal(t.word(first) + ", want " + p.word())
}

func (t token) word(first byte) string {
	switch t.class {
	case nilClass:
		return "nil"
	case boolClass:
		return "boolean"
	case intClass, uintClass:
		return "integer"
	case float32Class, float64Class:
		return "floating-point number"
	case extClass:
		return "extension or time"
	case arrayClass:
		return "array"
	case mapClass:
		return "map"
	}
	if first >= msgpcode.Bin8 && first <= msgpcode.Bin32 {
		return "bytes"
	}
	return "text"
}

func (p *plan) word() string {
	word := ""
	switch p.shape {
	case packedShape:
		word = "text or bytes"
	case timeShape:
		word = "time"
	case boolShape:
		word = "boolean"
	case intShape, uintShape:
		word = "integer"
	case floatShape:
		word = "number"
	case stringShape, bytesShape:
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

// blame finds the value whose methods refused its bytes, in bytes that the guard accepted
// and the library refused. It calls the methods again.
func (p *plan) blame(data []byte, err error) error {
	g := guard{reader: reader{data: data}, room: roomFor(len(data)), try: true}
	if found := g.value(p); found != nil && !p.traits.codes {
		return found
	}
	return reworded("msgpack", err)
}

// tried decodes one value with the methods of its type, and returns their error.
func (p *plan) tried(data []byte) (err error) {
	defer caught(&err)
	v := reflect.New(p.typ).Interface()
	r := reader{data: data}
	switch t, _ := r.next(); {
	case t.class == nilClass:
		return nil
	case p.hook == ownBinary:
		err = v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data[len(data)-int(t.n):])
	case p.hook == ownText:
		err = v.(encoding.TextUnmarshaler).UnmarshalText(data[len(data)-int(t.n):])
	default:
		err = msgpack.Unmarshal(data, v)
	}
	return reworded(pairs[p.hook][1].name, err)
}
