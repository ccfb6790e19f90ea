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

// jsonWay is how encoding/json writes or reads a type.
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

// jsonWrites returns how a value is written. addr says whether it is addressable.
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

// jsonReads returns how a value is read. The value is addressable then, but encoding/json
// does not look at the methods of a pointer to an unnamed type.
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

// jsonMethods reports whether methods of a type write and read it. It returns an error if
// they do only one of the two.
func jsonMethods(t reflect.Type, addr bool) (bool, error) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false, nil
	}
	writes, reads := jsonWrites(t, addr), jsonReads(t)
	if writes != byKind {
		if err := checkNotPromoted(t, "json", jsonPairs[writes]...); err != nil {
			return false, err
		}
	}
	if writes != reads {
		if !addr && jsonWrites(t, true) == reads {
			return false, unsupported(t, "its "+jsonPairs[reads][0].name+" needs a pointer, which encoding/json does not have in a map or an interface. Store a pointer to it")
		}
		return false, unsupported(t, "it is written by one pair of marshalling methods and read by another, or has half a pair")
	}
	return writes != byKind, nil
}

// jsonKeys reports whether each key of a map must be checked, or returns why keys are not
// read as they are written. encoding/json writes strings unchanged and ignores their
// methods. It writes other keys with MarshalText, if that needs no pointer. It reads all
// keys with UnmarshalText, or with UnmarshalJSON if the type has both.
func jsonKeys(t reflect.Type) (checkKeys bool, err error) {
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
			return reads && (p.Implements(jsonUnmarshaler) || cannotReadZero(key, writeText, readText)), nil
		}
	default:
		if writes && reads && key.Kind() != reflect.Interface && key.Kind() != reflect.Pointer {
			return p.Implements(jsonUnmarshaler) || cannotReadZero(key, writeText, readText), checkNotPromoted(key, "json", marshalText, unmarshalText)
		}
		return false, unsupported(t, "JSON has no keys of type "+key.String())
	}
	return false, unsupported(t, "JSON has no keys of type "+key.String()+": it has only one of the two text methods, or one that needs a pointer")
}

const errKeyText refusal = "the methods of a map key read something else than JSON writes"

// keyRoundTrips reports whether a key is read as it is written.
func keyRoundTrips(key reflect.Value) bool {
	text, err := jsonKey(key)
	if err != nil {
		return true // encoding/json reports the error
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
