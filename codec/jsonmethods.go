package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
)

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// jsonWay is how encoding/json writes a type, or reads it.
type jsonWay uint8

const (
	byKind jsonWay = iota // by its fields or elements, or as a scalar
	byJSON
	byText
)

var jsonPairs = [...][]method{
	byJSON: {marshalJSON, unmarshalJSON},
	byText: {marshalText, unmarshalText},
}

// jsonWrites finds the way of a value that has an address, or has none.
func jsonWrites(t reflect.Type, addr bool) jsonWay {
	p := t
	if addr {
		p = reflect.PointerTo(t)
	}
	switch {
	case t.Implements(jsonMarshaler), p.Implements(jsonMarshaler):
		return byJSON
	case t.Implements(textMarshaler), p.Implements(textMarshaler):
		return byText
	}
	return byKind
}

// jsonReads finds the way back: where a value is read it has an address, but the
// methods of a pointer to a type without a name are not looked for.
func jsonReads(t reflect.Type) jsonWay {
	p := t
	if t.Name() != "" {
		p = reflect.PointerTo(t)
	}
	switch {
	case p.Implements(jsonUnmarshaler):
		return byJSON
	case p.Implements(textUnmarshaler):
		return byText
	}
	return byKind
}

// jsonMethods tells whether methods of a type write and read it, or why one of them
// does not.
func jsonMethods(t reflect.Type, addr bool) (bool, error) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false, nil
	}
	writes, reads := jsonWrites(t, addr), jsonReads(t)
	if writes != byKind {
		if err := inherited(t, "json", jsonPairs[writes]...); err != nil {
			return false, err
		}
	}
	if writes != reads {
		if !addr && jsonWrites(t, true) == reads {
			return false, unsupported(t, "its "+jsonPairs[reads][0].name+" needs a pointer, which encoding/json has not in a map or an interface. Store a pointer to it")
		}
		return false, unsupported(t, "it is written by one pair of marshalling methods and read by another, or has half a pair")
	}
	return writes != byKind, nil
}

// jsonKeys tells whether the keys of a map have to be looked at one by one, or why they
// are not written as they are read. Strings are written as they are, whatever methods
// they have, and others by MarshalText, if it needs no pointer; all are read by
// UnmarshalJSON if they have that and UnmarshalText, or by the latter.
func jsonKeys(t reflect.Type) (keyed bool, err error) {
	key := t.Key()
	p := reflect.PointerTo(key)
	writes, reads := key.Implements(textMarshaler), p.Implements(textUnmarshaler)
	switch key.Kind() {
	case reflect.String:
		if writes || !reads {
			return reads, nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if writes == reads {
			return reads && (p.Implements(jsonUnmarshaler) || doubtful(key, writeText, readText)), nil
		}
	default:
		if writes && reads && key.Kind() != reflect.Interface && key.Kind() != reflect.Pointer {
			return p.Implements(jsonUnmarshaler) || doubtful(key, writeText, readText), inherited(key, "json", marshalText, unmarshalText)
		}
		return false, unsupported(t, "JSON has no keys of type "+key.String())
	}
	return false, unsupported(t, "JSON has no keys of type "+key.String()+": it has half a pair of text methods, or one that needs a pointer")
}

// errKeyText: encoding/json would read another key, or none.
const errKeyText refusal = "a key of a map is not read by its methods as JSON writes it"

// keptKey tells whether a key is read as it is written.
func keptKey(key reflect.Value) bool {
	text, err := jsonKey(key)
	if err != nil {
		return true // encoding/json says so
	}
	again := reflect.New(key.Type())
	if u, ok := again.Interface().(json.Unmarshaler); ok {
		quoted, _ := json.Marshal(text)
		err = u.UnmarshalJSON(quoted)
	} else {
		err = again.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	if err != nil {
		return false
	}
	once, err := jsonKey(again.Elem())
	return err == nil && once == text
}

func jsonKey(key reflect.Value) (string, error) {
	if key.Kind() == reflect.String {
		return key.String(), nil
	}
	text, err := key.Interface().(encoding.TextMarshaler).MarshalText()
	return string(text), err
}
