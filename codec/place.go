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
	t, err := resolveAt[T](c)
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

// resolveAt is resolve for a codec that passes the place to its layers.
func resolveAt[T any](c Codec) (typedAt[T], error) {
	if w, ok := c.(*wrapper); ok {
		inner, err := resolveAt[T](w.inner)
		if err != nil {
			return inner, err
		}
		return wrapped(w.layer, inner), nil
	}
	t, err := resolve[T](c)
	if err != nil {
		return typedAt[T]{}, err
	}
	p := ignorePlace(t)
	if b, ok := c.(Bound); ok && b.Binds() {
		usePlaces(&p, b)
	}
	return p, nil
}

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

// usePlaces passes places to a Bound that is not of this package.
func usePlaces[T any](p *typedAt[T], b Bound) {
	appendUnbound, decodeUnbound := p.append, p.decode
	p.append = func(dst []byte, at place, v T) (out []byte, err error) {
		if !at.given {
			return appendUnbound(dst, at, v)
		}
		defer catchPanic(&err)
		return b.AppendAt(dst, at.name, v)
	}
	p.decode = func(data []byte, at place, budget int) (v T, err error) {
		if !at.given {
			return decodeUnbound(data, at, budget)
		}
		defer catchPanic(&err)
		err = b.DecodeAt(data, at.name, &v)
		return v, err
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
