package codec

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// form is how one codec stores one Go type. p points to a value of that type.
type form struct {
	append func(dst []byte, p unsafe.Pointer) ([]byte, error)
	decode func(data []byte, p unsafe.Pointer, budget int) error
	check  func(data []byte, budget int) error

	// typed points to the typed[U] of a scalar kind U, and is nil for other types. A
	// typed[T] of a type T of this kind has the same layout, and its functions use the
	// same registers, so typed is converted to a *typed[T]. Passing the scalar through
	// p instead would move it to the heap.
	typed unsafe.Pointer

	// withHeaderTyped returns the form of a headed.Value. It is nil if typed is nil.
	withHeaderTyped func(headerLen headerLength) *form

	untyped untypedAt

	lax     bool // typed is set, and decode also reads bytes that it does not write
	trusted bool // the type's text methods are trusted to write one text for one value
}

// typedForm returns the form of every type that has the same kind as U.
func typedForm[U any](t typed[U]) *form {
	f := erase(t)
	f.withHeaderTyped = func(headerLen headerLength) *form { return erase(typedWithHeader(t, headerLen)) }
	return f
}

func erase[U any](t typed[U]) *form {
	return &form{
		typed:  unsafe.Pointer(&t),
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) { return t.append(dst, *(*U)(p)) },
		decode: func(data []byte, p unsafe.Pointer, budget int) (err error) {
			*(*U)(p), err = t.decode(data, budget)
			return err
		},
		check: t.check,
	}
}

// base is a codec that is not a wrapper.
type base struct {
	name          string
	deterministic bool
	pick          func(reflect.Type) (*form, error)
	forms         sync.Map // of reflect.Type to *form or error
}

func (b *base) Name() string        { return b.name }
func (b *base) String() string      { return b.name }
func (b *base) Deterministic() bool { return b.deterministic }

// form returns the form of t. The first call for a type computes it.
func (b *base) form(t reflect.Type) (*form, error) {
	if f, ok := b.forms.Load(t); ok {
		if f, ok := f.(*form); ok {
			return f, nil
		}
		return nil, f.(error)
	}
	f, err := b.pick(t)
	if err != nil {
		b.forms.Store(t, err)
		return nil, err
	}
	c := *f // forms of scalars are shared
	c.untyped = untypedForm(f, t)
	b.forms.Store(t, &c)
	return &c, nil
}

// Append implements Codec. It uses the dynamic type of v as the static type.
func (b *base) Append(dst []byte, v any) ([]byte, error) { return appendAny(b, dst, noPlace, v) }

// Decode implements Codec. On an error the target is unchanged.
func (b *base) Decode(data []byte, ptr any) error { return decodeAny(b, data, noPlace, ptr) }

// appendAny implements Append of the codecs of this package, with the documented errors.
func appendAny(c Codec, dst []byte, at place, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	if t == nil {
		t = reflect.TypeFor[any]()
	}
	f, err := untyped(c, t)
	if err == nil {
		var out []byte
		p := reflect.New(t)
		if v != nil {
			p.Elem().Set(reflect.ValueOf(v))
		}
		if out, err = f.append(dst, at, p.UnsafePointer()); err == nil {
			return out, nil
		}
	}
	return dst, encodeError(typeName(reflect.TypeOf(v)), c.Name(), err)
}

// decodeAny implements Decode of the codecs of this package, with the documented errors.
func decodeAny(c Codec, data []byte, at place, ptr any) error {
	target := reflect.ValueOf(ptr)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("codec: Decode needs a pointer that is not nil, got %T: %w", ptr, ErrUnsupported)
	}
	t := target.Type().Elem()
	f, err := untyped(c, t)
	if err == nil {
		var v unsafe.Pointer
		if v, err = f.decode(data, at, budgetFor(len(data))); err == nil {
			target.Elem().Set(reflect.NewAt(t, v).Elem())
			return nil
		}
	}
	return &DecodeError{Type: t.String(), Codec: c.Name(), Err: hideForeign(c.Name(), err)}
}

// untypedAt is a typedAt whose values are pointers to values of one type.
type untypedAt = typedAt[unsafe.Pointer]

// untyped returns the functions of a codec of this package for values of type t.
func untyped(c Codec, t reflect.Type) (*untypedAt, error) {
	switch c := c.(type) {
	case *base:
		f, err := c.form(t)
		if err != nil {
			return nil, err
		}
		return &f.untyped, nil
	case *wrapper:
		if f, ok := c.forms.Load(t); ok {
			return f.(*untypedAt), nil
		}
	}
	f, err := resolveAt(c, func(c Codec) (untypedAt, error) {
		if _, ok := c.(*base); !ok {
			return foreignUntyped(c, t), nil
		}
		f, err := untyped(c, t)
		if err != nil {
			return untypedAt{}, err
		}
		return *f, nil
	})
	if w, ok := c.(*wrapper); ok && err == nil {
		w.forms.Store(t, &f)
	}
	return &f, err
}

// untypedForm returns the functions of a form of type t.
func untypedForm(f *form, t reflect.Type) untypedAt {
	return untypedAt{
		append: func(dst []byte, _ place, p unsafe.Pointer) ([]byte, error) { return f.append(dst, p) },
		decode: func(data []byte, _ place, budget int) (unsafe.Pointer, error) {
			p := reflect.New(t).UnsafePointer()
			return p, f.decode(data, p, budget)
		},
		check: func(data []byte, _ place, budget int) error { return f.check(data, budget) },
	}
}

// foreignUntyped returns the functions of a codec of another package.
func foreignUntyped(c Codec, t reflect.Type) untypedAt {
	return untypedAt{
		append: func(dst []byte, at place, p unsafe.Pointer) (_ []byte, err error) {
			defer catchPanic(&err)
			return codecAt(c, at).Append(dst, reflect.NewAt(t, p).Elem().Interface())
		},
		decode: func(data []byte, at place, _ int) (_ unsafe.Pointer, err error) {
			defer catchPanic(&err)
			v := reflect.New(t)
			return v.UnsafePointer(), codecAt(c, at).Decode(data, v.Interface())
		},
		check: func([]byte, place, int) error { return nil },
	}
}
