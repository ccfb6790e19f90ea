package codec

import (
	"bytes"
	"reflect"
	"unsafe"
)

// What omitempty leaves out comes back as the zero value. So of a type with methods of
// its own only the zero value is left out, and of a pointer or an interface only nil,
// whatever they lead to.

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// omitted tells whether a field of the struct at v is left out.
func (f *planField) omitted(v unsafe.Pointer) bool {
	return f.omit && f.plan.empty(unsafe.Add(v, f.offset))
}

// empty tells whether the value at v may be left out. A type with a method IsZero
// decides by itself, unless other methods of it write something else than of the zero value.
func (p *plan) empty(at unsafe.Pointer) bool {
	v := reflect.NewAt(p.typ, at).Elem()
	switch kind := p.typ.Kind(); kind {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	}
	if p.zeroes {
		return p.nilable && v.IsNil() || v.Interface().(zeroer).IsZero() && p.writtenAsZero(v)
	}
	switch p.typ.Kind() {
	case reflect.Array:
		return p.typ.Len() == 0
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		if p.shape != structShape {
			return !p.stays && v.IsZero()
		}
		for i := range p.list {
			if !p.list[i].omitted(at) {
				return false
			}
		}
		return true
	case reflect.Chan, reflect.Func:
		return false
	}
	return v.Comparable() && v.Equal(reflect.Zero(p.typ)) // numbers: -0 is 0
}

// writtenAsZero tells whether methods write the same of a value as of the zero value.
func (p *plan) writtenAsZero(v reflect.Value) bool {
	if p.shape != packedShape || v.IsZero() {
		return true
	}
	write := p.writes()
	mine, err := attempt(func() ([]byte, error) { return write(v.Addr().Interface()) })
	if err != nil {
		return true // as before it is left out, and not an error
	}
	zero, err := attempt(func() ([]byte, error) { return write(reflect.New(p.typ).Interface()) })
	return err != nil || bytes.Equal(mine, zero)
}

// stays tells whether a struct with methods of its own has a field that is always
// stored by the field's tag. Such structs have never been left out.
func stays(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, err := parseTag(t, f)
		switch {
		case err != nil, tag.name == "-", !f.IsExported() && !f.Anonymous, tag.has("omitempty"):
			continue
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			if !stays(f.Type) {
				continue
			}
		}
		return true
	}
	return false
}
