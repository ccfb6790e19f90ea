package codec

import (
	"bytes"
	"encoding"
	"reflect"
	"time"
)

const errCanonical refusal = "not the canonical bytes of the key that it decodes to"

// Keys resolves a codec for map keys and set members. A nil codec is [Auto]. Redis
// compares the bytes of keys, so equal keys have equal bytes, and unequal keys have
// unequal bytes. Two [time.Time] values of one instant are one key, in any zones.
//
// Keys have the same forms as with [Values]: text for types that have a text form, and
// msgpack for structs and arrays of such types. A struct is stored by field names, in the
// order of the fields. So a member of a set is stored as an element of a list is. If you
// reorder, add or rename the fields of a struct, its keys change.
//
// Decode accepts only the bytes that Append writes, so that every key that is listed can
// also be looked up. The exception is a type with MarshalText and UnmarshalText. It must
// write equal values as equal text, and may read other text too.
//
// Keys fails with [ErrUnsupported] and a reason for:
//
//   - Floats and complex numbers, because a float has two zeros, and a NaN equals nothing.
//   - Interfaces, pointers and channels.
//   - Types with only one of MarshalText and UnmarshalText.
//   - Types with binary or msgp methods but without text methods, and types with
//     EncodeMsgpack or MarshalMsgpack methods.
//   - Structs with a field that is unexported or tagged `msgpack:"-"`, `omitempty` or
//     `inline`, or with two fields of the same name.
//   - Codecs that may write one value as different bytes: Compress, Encrypt, Sign, JSON,
//     and every other codec without a method Deterministic that returns true.
func Keys[T comparable](c Codec) (Typed[T], error) {
	c = orAuto(c)
	t := reflect.TypeFor[T]()
	if d, ok := c.(interface{ Deterministic() bool }); !ok || !d.Deterministic() {
		err := unsupported(t, "codec "+c.Name()+" may write one key in different bytes")
		return failing[T](err), err
	}
	if err := checkKeyType(t); err != nil {
		return failing[T](err), err
	}
	k, err := resolve[T](c)
	if err != nil {
		return failing[T](err), err
	}
	if !strict(c, t) {
		k = canonical(k)
	}
	return publicTyped(k, t.String(), c.Name()), nil
}

// canonical makes decode refuse bytes that append does not write.
func canonical[T any](k typed[T]) typed[T] {
	return typed[T]{
		append: k.append,
		decode: func(data []byte, budget int) (T, error) {
			v, err := k.decode(data, budget)
			if err != nil {
				return v, err
			}
			again, err := k.append(make([]byte, 0, len(data)), v)
			if err != nil || !bytes.Equal(again, data) {
				var zero T
				return zero, errCanonical
			}
			return v, nil
		},
		check: k.check,
	}
}

// strict reports whether the form of t reads one text only, or its methods are trusted.
func strict(c Codec, t reflect.Type) bool {
	for {
		w, ok := c.(*wrapper)
		if !ok {
			break
		}
		c = w.inner
	}
	b, ok := c.(*base)
	if !ok || t == reflect.TypeFor[time.Time]() {
		return false
	}
	f, err := b.form(t)
	return err == nil && (f.typed != nil && !f.lax || f.trusted)
}

// checkKeyType returns why values of t have no canonical bytes, or nil.
func checkKeyType(t reflect.Type) error {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return unsupported(t, "as a key: it is compared by what it points at, and not by what is stored")
	}
	if t == reflect.TypeFor[time.Time]() {
		return nil
	}
	p := reflect.PointerTo(t)
	h := hookOf(t)
	switch {
	case h == customHook || h == marshalHook:
		return unsupported(t, "as a key: its own methods may write equal values as different bytes")
	case isText(p):
		return checkNotPromoted(t, "msgpack", textWriter(t), unmarshalText)
	case p.Implements(reflect.TypeFor[encoding.TextMarshaler]()), p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return unsupported(t, "as a key: it has one of MarshalText and UnmarshalText, and needs both")
	case isBinary(p), h != noHook, p.Implements(reflect.TypeFor[msgpMarshaler]()):
		return unsupported(t, "as a key: its own methods may write equal values as different bytes")
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return unsupported(t, "as a key: a float has two zeros, and NaNs that equal nothing")
	case reflect.Array:
		return checkKeyType(t.Elem())
	case reflect.Struct:
		return checkKeyStruct(t)
	}
	return unsupported(t, "as a key: a "+t.Kind().String()+" has no canonical bytes")
}

func checkKeyStruct(t reflect.Type) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" || f.Name == "_msgpack" {
			continue // == ignores it, or it only marks the struct for msgpack
		}
		tag, err := parseTag(t, f)
		if err != nil {
			return err
		}
		switch {
		case !f.IsExported():
			return unsupported(t, "as a key: field "+f.Name+" is unexported, so it would not be stored")
		case tag.name == "-":
			return unsupported(t, "as a key: field "+f.Name+" is not stored")
		case tag.has("omitempty") || tag.has("inline"):
			return unsupported(t, "as a key: field "+f.Name+" is not always stored")
		}
		if err := checkKeyType(f.Type); err != nil {
			return err
		}
	}
	return checkUniqueNames(t)
}

// checkUniqueNames refuses structs with two fields of one name. planOf refuses them too,
// but accepts those that are stored as arrays.
func checkUniqueNames(t reflect.Type) error {
	p, err := planOf(t)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, f := range p.list {
		if seen[f.name] {
			return unsupported(t, "as a key: two fields are stored as "+f.name)
		}
		seen[f.name] = true
	}
	return nil
}
