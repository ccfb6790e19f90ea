package codec

import (
	"bytes"
	"encoding"
	"reflect"
	"time"
)

// errCanonical: the same key would be written in other bytes.
const errCanonical refusal = "bytes that stand for a key, but are not the ones that it is stored under"

// Keys resolves a codec for map keys and set members; a nil codec is Auto. Redis
// compares their bytes, so equal keys have equal bytes, and unequal keys unequal
// ones. Two [time.Time] of one instant are one key, whatever their zones.
//
// Keys have the forms of Values: text where there is one; structs and arrays of
// such types as msgpack, structs by field name in the order of their fields. So a
// member of a set reads as an element of a list does, and reordering, adding or
// renaming the fields of a struct makes other keys of it.
//
// Decode accepts only the bytes that Append writes, so that what is listed is also
// found. A type with MarshalText and UnmarshalText is trusted to write one text for
// one value, and to read whatever it likes.
//
// It fails with ErrUnsupported, and a reason, for: floats and complex numbers (a
// zero with two signs, a NaN that equals nothing); interfaces, pointers and
// channels; half a pair of text methods; types whose form is their own (binary,
// msgp, msgpack methods); structs with a field that is unexported, tagged
// `msgpack:"-"`, `omitempty` or `inline`, or named like another; and codecs that
// may write one value in different bytes: Compress, Encrypt, Sign, JSON, and any
// other without a method Deterministic that returns true.
func Keys[T comparable](c Codec) (Typed[T], error) {
	c = orAuto(c)
	t := reflect.TypeFor[T]()
	if d, ok := c.(interface{ Deterministic() bool }); !ok || !d.Deterministic() {
		err := unsupported(t, "codec "+c.Name()+" may write one key in different bytes")
		return failing[T](err), err
	}
	if err := keyable(t); err != nil {
		return failing[T](err), err
	}
	k, err := resolve[T](c)
	if err != nil {
		return failing[T](err), err
	}
	if !strict(c, t) {
		k = canonical(k)
	}
	return public(k, t.String(), c.Name()), nil
}

// canonical refuses bytes other than those that the value is written in.
func canonical[T any](k typed[T]) typed[T] {
	return typed[T]{
		append: k.append,
		decode: func(data []byte, room int) (T, error) {
			v, err := k.decode(data, room)
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

// strict tells the forms that read one text only by themselves, or are trusted to.
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
	return err == nil && (f.direct != nil && !f.lax || f.trusted)
}

// keyable says why values of t have no canonical bytes.
func keyable(t reflect.Type) error {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return unsupported(t, "as a key: it is compared by what it points at, and not by what is stored")
	}
	if t == reflect.TypeFor[time.Time]() {
		return nil
	}
	p := reflect.PointerTo(t)
	h := hooks(t)
	switch {
	case h == ownCode || h == ownValue:
		return unsupported(t, "as a key: nothing is known about the bytes of its own methods")
	case isText(p):
		return inherited(t, "msgpack", textWriter(t), unmarshalText)
	case p.Implements(reflect.TypeFor[encoding.TextMarshaler]()), p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return unsupported(t, "as a key: it has one of MarshalText and UnmarshalText, and needs both")
	case isBinary(p), h != noHook, p.Implements(reflect.TypeFor[msgpMarshaler]()):
		return unsupported(t, "as a key: nothing is known about the bytes of its own methods")
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return unsupported(t, "as a key: a float has two zeros, and NaNs that equal nothing")
	case reflect.Array:
		return keyable(t.Elem())
	case reflect.Struct:
		return keyableStruct(t)
	}
	return unsupported(t, "as a key: a "+t.Kind().String()+" has no canonical bytes")
}

func keyableStruct(t reflect.Type) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" || f.Name == "_msgpack" {
			continue // not compared, or a mark for msgpack
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
		if err := keyable(f.Type); err != nil {
			return err
		}
	}
	return uniqueNames(t)
}

// uniqueNames refuses structs with two fields of one name, those too that are stored as
// arrays: planOf has refused the others.
func uniqueNames(t reflect.Type) error {
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
