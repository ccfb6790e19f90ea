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
	b.forms.Store(t, f)
	return f, nil
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
	out, err := appendValue(c, dst, at, t, v)
	if err != nil {
		return dst, encodeError(typeName(reflect.TypeOf(v)), c.Name(), err)
	}
	return out, nil
}

func appendValue(c Codec, dst []byte, at place, t reflect.Type, v any) (_ []byte, err error) {
	switch c := c.(type) {
	case *base:
		f, err := c.form(t)
		if err != nil {
			return nil, err
		}
		p := reflect.New(t)
		if v != nil {
			p.Elem().Set(reflect.ValueOf(v))
		}
		return f.append(dst, p.UnsafePointer())
	case *wrapper:
		start := len(dst)
		out, err := c.layer.begin(dst)
		if err != nil {
			return nil, err
		}
		body := len(out)
		if out, err = appendValue(c.inner, out, at, t, v); err != nil {
			return nil, err
		}
		return c.layer.seal(out, start, body, at, func(data []byte, at place, budget int) error {
			return checkValue(c.inner, t, data, at, budget)
		})
	}
	defer catchPanic(&err)
	if b, ok := c.(Bound); ok && at.given && b.Binds() {
		return b.AppendAt(dst, at.name, v)
	}
	return c.Append(dst, v)
}

func checkValue(c Codec, t reflect.Type, data []byte, at place, budget int) error {
	switch c := c.(type) {
	case *base:
		f, err := c.form(t)
		if err != nil {
			return err
		}
		return f.check(data, budget)
	case *wrapper:
		body, budget, err := c.layer.open(data, at, budget)
		if err != nil {
			return err
		}
		return checkValue(c.inner, t, body, at, budget)
	}
	return nil
}

// decodeAny implements Decode of the codecs of this package, with the documented errors.
func decodeAny(c Codec, data []byte, at place, ptr any) error {
	target := reflect.ValueOf(ptr)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("codec: Decode needs a pointer that is not nil, got %T: %w", ptr, ErrUnsupported)
	}
	t := target.Type().Elem()
	fresh := reflect.New(t)
	if err := decodeValue(c, data, at, fresh, budgetFor(len(data))); err != nil {
		return &DecodeError{Type: t.String(), Codec: c.Name(), Err: hideForeign(c.Name(), err)}
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

func decodeValue(c Codec, data []byte, at place, ptr reflect.Value, budget int) (err error) {
	switch c := c.(type) {
	case *base:
		f, err := c.form(ptr.Type().Elem())
		if err != nil {
			return err
		}
		return f.decode(data, ptr.UnsafePointer(), budget)
	case *wrapper:
		body, budget, err := c.layer.open(data, at, budget)
		if err != nil {
			return err
		}
		return decodeValue(c.inner, body, at, ptr, budget)
	}
	defer catchPanic(&err)
	if b, ok := c.(Bound); ok && at.given && b.Binds() {
		return b.DecodeAt(data, at.name, ptr.Interface())
	}
	return c.Decode(data, ptr.Interface())
}
