package codec

import (
	"reflect"
	"unsafe"

	"github.com/desir-go/desir/internal/headed"
)

const errHeader refusal = "no header in front of the value"

func init() {
	headed.Codec = func(c any, headerLen func([]byte) (int, bool)) any {
		inner, _ := c.(Codec)
		return withHeader(orAuto(inner), headerLen)
	}
}

// headerLength returns the length of the header that data begins with.
type headerLength = func(data []byte) (length int, ok bool)

// withHeader returns a codec for a headed.Value. The layers of c apply to the header and
// the value. A codec of another package applies to the value only.
func withHeader(c Codec, headerLen headerLength) Codec {
	switch c := c.(type) {
	case *wrapper:
		return &wrapper{layer: c.layer, inner: withHeader(c.inner, headerLen)}
	case *base:
		return &base{name: c.name, deterministic: c.deterministic, pick: func(t reflect.Type) (*form, error) {
			value := t.Field(1)
			f, err := c.form(value.Type)
			if err != nil {
				return nil, err
			}
			return f.withHeader(value.Offset, headerLen), nil
		}}
	}
	return &foreignWithHeader{inner: c, headerLen: headerLen, base: base{name: c.Name(), pick: func(t reflect.Type) (*form, error) {
		value := t.Field(1)
		return foreignForm(c, value.Type).withHeader(value.Offset, headerLen), nil
	}}}
}

// foreignWithHeader is a codec for a headed.Value whose value has a codec of another
// package.
type foreignWithHeader struct {
	base
	inner     Codec
	headerLen headerLength
}

// Scope implements [Scoped].
func (h *foreignWithHeader) Scope(object string) Codec {
	if s, ok := h.inner.(Scoped); ok {
		return withHeader(s.Scope(object), h.headerLen)
	}
	return h
}

// Limited reports whether the inner codec has a Limit.
func (h *foreignWithHeader) Limited() bool {
	l, ok := h.inner.(interface{ Limited() bool })
	return ok && l.Limited()
}

// withHeader returns the form of a struct that begins with a header, and has a value of
// the form f at offset.
func (f *form) withHeader(offset uintptr, headerLen headerLength) *form {
	if f.withHeaderTyped != nil {
		return f.withHeaderTyped(headerLen)
	}
	return &form{
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			return f.append(append(dst, *(*string)(p)...), unsafe.Add(p, offset))
		},
		decode: func(data []byte, p unsafe.Pointer, budget int) error {
			n, ok := headerLen(data)
			if !ok {
				return errHeader
			}
			*(*string)(p) = string(data[:n])
			return f.decode(data[n:], unsafe.Add(p, offset), budget)
		},
		check: checkAfterHeader(f.check, headerLen),
	}
}

// typedWithHeader is form.withHeader for forms with typed functions.
func typedWithHeader[T any](t typed[T], headerLen headerLength) typed[headed.Value[T]] {
	return typed[headed.Value[T]]{
		append: func(dst []byte, v headed.Value[T]) ([]byte, error) {
			return t.append(append(dst, v.Header...), v.Value)
		},
		decode: func(data []byte, budget int) (v headed.Value[T], err error) {
			n, ok := headerLen(data)
			if !ok {
				return v, errHeader
			}
			v.Header = string(data[:n])
			v.Value, err = t.decode(data[n:], budget)
			return v, err
		},
		check: checkAfterHeader(t.check, headerLen),
	}
}

func checkAfterHeader(check func([]byte, int) error, headerLen headerLength) func([]byte, int) error {
	return func(data []byte, budget int) error {
		n, ok := headerLen(data)
		if !ok {
			return errHeader
		}
		return check(data[n:], budget)
	}
}

// foreignForm returns the form of t under a codec of another package.
func foreignForm(c Codec, t reflect.Type) *form {
	return &form{
		append: func(dst []byte, p unsafe.Pointer) (_ []byte, err error) {
			defer catchPanic(&err)
			return c.Append(dst, reflect.NewAt(t, p).Elem().Interface())
		},
		decode: func(data []byte, p unsafe.Pointer, _ int) (err error) {
			defer catchPanic(&err)
			return c.Decode(data, reflect.NewAt(t, p).Interface())
		},
		check: func([]byte, int) error { return nil },
	}
}

// storedType returns the type that errors name for values of type T.
func storedType[T any]() reflect.Type {
	if value, ok := headed.ValueType((*T)(nil)); ok {
		return value
	}
	return reflect.TypeFor[T]()
}
