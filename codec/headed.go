package codec

import (
	"reflect"
	"unsafe"

	"github.com/desir-go/desir/internal/headed"
)

const errHead refusal = "no header in front of the value"

func init() {
	headed.Codec = func(c any, cut func([]byte) (int, bool)) any {
		inner, _ := c.(Codec)
		return withHead(orAuto(inner), cut)
	}
}

// cutter returns the length of the header that data begins with.
type cutter = func(data []byte) (length int, ok bool)

// withHead returns a codec for a headed.Value. The layers of c apply to the header and the
// value. A codec of another package applies to the value only.
func withHead(c Codec, cut cutter) Codec {
	switch c := c.(type) {
	case *wrapper:
		return &wrapper{c.layer, withHead(c.inner, cut)}
	case *base:
		return &base{name: c.name, deterministic: c.deterministic, pick: func(t reflect.Type) (*form, error) {
			value := t.Field(1)
			f, err := c.form(value.Type)
			if err != nil {
				return nil, err
			}
			return f.withHead(value.Offset, cut), nil
		}}
	}
	return &headedForeign{inner: c, cut: cut, base: base{name: c.Name(), pick: func(t reflect.Type) (*form, error) {
		value := t.Field(1)
		return foreignForm(c, value.Type).withHead(value.Offset, cut), nil
	}}}
}

// headedForeign is a codec for a headed.Value whose value has a codec of another package.
type headedForeign struct {
	base
	inner Codec
	cut   cutter
}

// Scope implements [Scoped].
func (h *headedForeign) Scope(object string) Codec {
	if s, ok := h.inner.(Scoped); ok {
		return withHead(s.Scope(object), h.cut)
	}
	return h
}

// Limited reports whether the inner codec has a Limit.
func (h *headedForeign) Limited() bool {
	l, ok := h.inner.(interface{ Limited() bool })
	return ok && l.Limited()
}

// withHead returns the form of a struct that begins with a header, and has a value of the
// form f at offset.
func (f *form) withHead(offset uintptr, cut cutter) *form {
	if f.headed != nil {
		return f.headed(cut)
	}
	return &form{
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			return f.append(append(dst, *(*string)(p)...), unsafe.Add(p, offset))
		},
		decode: func(data []byte, p unsafe.Pointer, room int) error {
			n, ok := cut(data)
			if !ok {
				return errHead
			}
			*(*string)(p) = string(data[:n])
			return f.decode(data[n:], unsafe.Add(p, offset), room)
		},
		check: checkBehind(f.check, cut),
	}
}

// typedWithHead is form.withHead for forms that are direct.
func typedWithHead[T any](t typed[T], cut cutter) typed[headed.Value[T]] {
	return typed[headed.Value[T]]{
		append: func(dst []byte, v headed.Value[T]) ([]byte, error) {
			return t.append(append(dst, v.Header...), v.Value)
		},
		decode: func(data []byte, room int) (v headed.Value[T], err error) {
			n, ok := cut(data)
			if !ok {
				return v, errHead
			}
			v.Header = string(data[:n])
			v.Value, err = t.decode(data[n:], room)
			return v, err
		},
		check: checkBehind(t.check, cut),
	}
}

func checkBehind(check func([]byte, int) error, cut cutter) func([]byte, int) error {
	return func(data []byte, room int) error {
		n, ok := cut(data)
		if !ok {
			return errHead
		}
		return check(data[n:], room)
	}
}

// foreignForm returns the form of t under a codec of another package.
func foreignForm(c Codec, t reflect.Type) *form {
	return &form{
		append: func(dst []byte, p unsafe.Pointer) (_ []byte, err error) {
			defer caught(&err)
			return c.Append(dst, reflect.NewAt(t, p).Elem().Interface())
		},
		decode: func(data []byte, p unsafe.Pointer, _ int) (err error) {
			defer caught(&err)
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
