package codec

// Codec converts values to the bytes that are stored, and back. It is untyped, so that
// one option works for every collection. [Values] and [Keys] resolve it for one type.
//
// You can implement Codec yourself and use it wherever the codecs of this package work.
// An implementation must be safe for concurrent use. Append appends the bytes of v to
// dst and returns the extended slice. Decode stores the decoded value in the variable
// that ptr points to. It must handle any input, and must not keep a reference to data.
// [Values] passes Decode a *T that points to a zero value.
//
// Operations that compare stored bytes need a codec that writes equal values as equal
// bytes. Such a codec has a method
//
//	Deterministic() bool
//
// that returns true. Every codec of this package has the method. A codec without it is
// treated as not deterministic.
type Codec interface {
	Append(dst []byte, v any) ([]byte, error)
	Decode(data []byte, ptr any) error
	Name() string
}

// Scoped is a codec that binds its bytes to one object. Constructors of collections call
// Scope with the kind and name of the object, for example "map:carts". The codec that
// Scope returns refuses bytes that were made for another object. A second call of Scope
// replaces the first scope. [Encrypt] and [Sign] bind their frames this way; the other
// wrappers pass the scope to the codec inside. [Bound] is for a place inside the object.
type Scoped interface {
	Codec
	Scope(object string) Codec
}

// The codecs without settings. Each is safe for concurrent use.
var (
	// Auto is the default. It stores types that have a text form as text, and all others
	// as msgpack. The package comment has the table.
	Auto Codec = &base{name: "auto", deterministic: true, pick: autoForm}

	// Msgpack stores everything as msgpack, including numbers and strings.
	Msgpack Codec = &base{name: "msgpack", deterministic: true, pick: msgpackForm}

	// JSON stores everything as encoding/json writes it, but without escaping HTML.
	// Strings must be UTF-8. JSON is not deterministic: it cannot be used for keys, or
	// for operations that compare values.
	JSON Codec = &base{name: "json", pick: jsonForm}

	// Text stores the types that Auto stores as text, and refuses all others with
	// ErrUnsupported.
	Text Codec = &base{name: "text", deterministic: true, pick: textForm}

	// Raw stores strings, byte slices and named types of these unchanged, and ignores
	// their methods. It refuses all other types with ErrUnsupported.
	Raw Codec = &base{name: "raw", deterministic: true, pick: rawForm}
)

// Typed is a codec for one type. Both functions are safe for concurrent use, and never
// nil.
type Typed[T any] struct {
	// Append appends the bytes of v to dst. On an error it returns dst unchanged. The
	// error matches ErrUnsupported, ErrTooLarge, ErrSignature or the error of the type's
	// own marshaler.
	Append func(dst []byte, v T) ([]byte, error)

	// Decode returns the value that data encodes, or the zero value and a
	// [*DecodeError]. It keeps no reference to data.
	Decode func(data []byte) (T, error)
}

// Values resolves a codec for values of type T. A nil codec is [Auto]. The form is chosen
// once. Strings, byte slices, booleans, numbers and named types of these are then
// encoded and decoded without reflection. The only allocation is the copy of a decoded
// string or byte slice.
//
// Values fails with [ErrUnsupported] if the codec has no form for T. The returned
// functions then fail with the same error, so that a constructor can keep both.
func Values[T any](c Codec) (Typed[T], error) {
	c = orAuto(c)
	t, err := resolve[T](c)
	if err != nil {
		return failing[T](err), err
	}
	return publicTyped(t, storedType[T]().String(), c.Name()), nil
}

func orAuto(c Codec) Codec {
	if c == nil {
		return Auto
	}
	return c
}

// publicTyped returns t as a Typed whose errors are those of the public contract.
func publicTyped[T any](t typed[T], name, codec string) Typed[T] {
	return Typed[T]{
		Append: func(dst []byte, v T) ([]byte, error) {
			out, err := t.append(dst, v)
			if err != nil {
				return dst, encodeError(name, codec, err)
			}
			return out, nil
		},
		Decode: func(data []byte) (T, error) {
			v, err := t.decode(data, budgetFor(len(data)))
			if err != nil {
				var zero T
				return zero, &DecodeError{Type: name, Codec: codec, Err: hideForeign(codec, err)}
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
