package codec

import "reflect"

// Codec turns values into the bytes that are stored, and back. It is untyped, so
// that one option serves any collection; [Values] and [Keys] give it a type.
//
// A codec of your own works wherever those of this package do. It must be safe
// for use by many goroutines. Append appends the bytes of v to dst and returns
// the longer slice. Decode stores into the value that ptr points at, must expect
// any bytes whatsoever, and keeps no reference to them. Through Values, Decode is
// given a *T that points at a zero value.
//
// Operations that compare stored bytes need a codec that gives equal values equal
// bytes: one that does says so with a method
//
//	Deterministic() bool
//
// which every codec of this package has. Without it a codec is taken not to be.
type Codec interface {
	Append(dst []byte, v any) ([]byte, error)
	Decode(data []byte, ptr any) error
	Name() string
}

// Scoped is a codec whose bytes belong to one place. Constructors call Scope with
// the kind and name of their object, as in "map:carts"; the codec that it returns
// refuses bytes made for another. A second Scope replaces the first. [Encrypt]
// and [Sign] bind their frames this way, the other wrappers pass the scope on. For a
// place inside of the object, see [Bound].
type Scoped interface {
	Codec
	Scope(object string) Codec
}

// The codecs without settings. Each is safe for use by many goroutines.
var (
	// Auto is the default: text for what has a text, msgpack for the rest. The
	// package's comment has the table.
	Auto Codec = &base{name: "auto", deterministic: true, pick: autoForm}

	// Msgpack stores everything as msgpack, numbers and strings too.
	Msgpack Codec = &base{name: "msgpack", deterministic: true, pick: msgpackForm}

	// JSON stores everything as JSON, as encoding/json writes it, but without
	// escaping HTML. Strings must be UTF-8. Its bytes are not compared: it is not
	// for keys, and not for compare-and-swap.
	JSON Codec = &base{name: "json", pick: jsonForm}

	// Text stores types that Auto would store as text, and refuses others with
	// ErrUnsupported.
	Text Codec = &base{name: "text", deterministic: true, pick: textForm}

	// Raw stores strings and byte slices, and types of these kinds, as they are,
	// whatever methods they have. It refuses others with ErrUnsupported.
	Raw Codec = &base{name: "raw", deterministic: true, pick: rawForm}
)

// Typed is a codec for one type. Both functions are safe for use by many
// goroutines and never nil.
type Typed[T any] struct {
	// Append appends the bytes of v to dst. On an error it returns dst as it was;
	// the error matches ErrUnsupported, ErrTooLarge, or what the type's own
	// marshaler returned.
	Append func(dst []byte, v T) ([]byte, error)

	// Decode returns the value that data stands for, or the zero value and a
	// [*DecodeError]. It keeps no reference to data.
	Decode func(data []byte) (T, error)
}

// Values resolves a codec for values of type T; a nil codec is Auto. The choice is
// made once: strings, byte slices, booleans, numbers and named types of these
// kinds then pass without reflection, with no allocation but the copy of a string.
//
// It fails with ErrUnsupported when the codec has no form for T. The functions it
// returns then fail with the same error, so that a constructor may keep both.
func Values[T any](c Codec) (Typed[T], error) {
	c = orAuto(c)
	t, err := resolve[T](c)
	if err != nil {
		return failing[T](err), err
	}
	return public(t, reflect.TypeFor[T]().String(), c.Name()), nil
}

func orAuto(c Codec) Codec {
	if c == nil {
		return Auto
	}
	return c
}

// public puts the errors of the contract, with the type's name, around a resolved codec.
func public[T any](t typed[T], name, codec string) Typed[T] {
	return Typed[T]{
		Append: func(dst []byte, v T) ([]byte, error) {
			out, err := t.append(dst, v)
			if err != nil {
				return dst, encodeError(name, codec, err)
			}
			return out, nil
		},
		Decode: func(data []byte) (T, error) {
			v, err := t.decode(data, roomFor(len(data)))
			if err != nil {
				var zero T
				return zero, &DecodeError{Type: name, Codec: codec, Err: reworded(codec, err)}
			}
			return v, nil
		},
	}
}

func failing[T any](err error) Typed[T] {
	return Typed[T]{
		Append: func(dst []byte, _ T) ([]byte, error) { return dst, err },
		Decode: func([]byte) (v T, _ error) { return v, err },
	}
}
