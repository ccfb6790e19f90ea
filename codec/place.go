package codec

import "reflect"

// Bound is a codec that can also bind each value to a place inside its object, for
// example a field of a hash or the id of a call. Bytes that were made for one place are
// refused at every other place. [Encrypt] and [Sign] implement Bound; the other wrappers
// pass the place to the codec inside. [Placed] uses any codec with these methods in the
// same way.
type Bound interface {
	Codec
	// Binds reports whether the codec binds values to places. If it returns false, the
	// other methods are not called.
	Binds() bool
	// AppendAt is Append for a value at a place. The place may be any bytes.
	AppendAt(dst []byte, place string, v any) ([]byte, error)
	// DecodeAt is Decode for bytes that were read at a place.
	DecodeAt(data []byte, place string, ptr any) error
}

// TypedAt is [Typed] for values that are bound to places.
type TypedAt[T any] struct {
	// Append is Append of [Typed] for a value at a place.
	Append func(dst []byte, place string, v T) ([]byte, error)
	// Decode is Decode of [Typed] for bytes that were read at a place.
	Decode func(data []byte, place string) (T, error)
}

// Placed resolves a codec as [Values] does, for values that each belong to a place. Bytes
// that Append made for a place are decoded at that place only. The place is not stored.
//
// Placed calls [Binds] once. A codec that does not bind values to places ignores the
// place, at no extra cost.
func Placed[T any](c Codec) (TypedAt[T], error) {
	c = orAuto(c)
	if !Binds(c) {
		t, err := Values[T](c)
		return TypedAt[T]{
			Append: func(dst []byte, _ string, v T) ([]byte, error) { return t.Append(dst, v) },
			Decode: func(data []byte, _ string) (T, error) { return t.Decode(data) },
		}, err
	}
	t, err := resolveAt(c, innermostAt[T])
	if err != nil {
		return TypedAt[T]{
			Append: func(dst []byte, _ string, _ T) ([]byte, error) { return dst, err },
			Decode: func([]byte, string) (v T, _ error) { return v, err },
		}, err
	}
	name := reflect.TypeFor[T]().String()
	return TypedAt[T]{
		Append: func(dst []byte, at string, v T) ([]byte, error) {
			out, err := t.append(dst, place{at, true}, v)
			if err != nil {
				return dst, encodeError(name, c.Name(), err)
			}
			return out, nil
		},
		Decode: func(data []byte, at string) (T, error) {
			v, err := t.decode(data, place{at, true}, budgetFor(len(data)))
			if err != nil {
				var zero T
				return zero, &DecodeError{Type: name, Codec: c.Name(), Err: hideForeign(c.Name(), err)}
			}
			return v, nil
		},
	}, nil
}

// Binds reports whether a codec, or a codec inside it, binds values to places.
func Binds(c Codec) bool {
	b, ok := c.(Bound)
	return ok && b.Binds()
}

// place is where a value is stored inside its object.
type place struct {
	name  string
	given bool // false for values that have no fixed place, as the elements of lists
}

var noPlace place

// typedAt is typed with a place.
type typedAt[T any] struct {
	append func(dst []byte, at place, v T) ([]byte, error)
	decode func(data []byte, at place, budget int) (T, error)
	check  func(data []byte, at place, budget int) error
}

// resolveAt puts the layers of a codec around the functions of the codec inside them.
func resolveAt[T any](c Codec, innermost func(Codec) (typedAt[T], error)) (typedAt[T], error) {
	w, ok := c.(*wrapper)
	if !ok {
		return innermost(c)
	}
	inner, err := resolveAt(w.inner, innermost)
	if err != nil {
		return inner, err
	}
	return wrapped(w.layer, inner), nil
}

// innermostAt is resolve for a codec that is not a wrapper.
func innermostAt[T any](c Codec) (typedAt[T], error) {
	switch c.(type) {
	case *base, *foreignWithHeader:
		t, err := resolve[T](c)
		return ignorePlace(t), err
	}
	return fromForeign[T](c), nil
}

// codecAt returns a codec of another package for values at a place.
func codecAt(c Codec, at place) Codec {
	if b, ok := c.(Bound); ok && at.given && b.Binds() {
		return boundAt{b, at.name}
	}
	return c
}

// boundAt is a Bound for values at one place.
type boundAt struct {
	Bound
	place string
}

func (b boundAt) Append(dst []byte, v any) ([]byte, error) { return b.AppendAt(dst, b.place, v) }
func (b boundAt) Decode(data []byte, ptr any) error        { return b.DecodeAt(data, b.place, ptr) }

// ignorePlace returns t as a typedAt that ignores the place.
func ignorePlace[T any](t typed[T]) typedAt[T] {
	return typedAt[T]{
		append: func(dst []byte, _ place, v T) ([]byte, error) { return t.append(dst, v) },
		decode: func(data []byte, _ place, budget int) (T, error) { return t.decode(data, budget) },
		check:  func(data []byte, _ place, budget int) error { return t.check(data, budget) },
	}
}

// withoutPlace returns p as a typed for values that have no place.
func withoutPlace[T any](p typedAt[T]) typed[T] {
	return typed[T]{
		append: func(dst []byte, v T) ([]byte, error) { return p.append(dst, noPlace, v) },
		decode: func(data []byte, budget int) (T, error) { return p.decode(data, noPlace, budget) },
		check:  func(data []byte, budget int) error { return p.check(data, noPlace, budget) },
	}
}

// Binds implements [Bound].
func (w *wrapper) Binds() bool { return w.layer.binds() || Binds(w.inner) }

// AppendAt implements [Bound].
func (w *wrapper) AppendAt(dst []byte, at string, v any) ([]byte, error) {
	return appendAny(w, dst, place{at, true}, v)
}

// DecodeAt implements [Bound].
func (w *wrapper) DecodeAt(data []byte, at string, ptr any) error {
	return decodeAny(w, data, place{at, true}, ptr)
}
