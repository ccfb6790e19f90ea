package codec

import (
	"bytes"
	"reflect"
	"unsafe"
)

// A field that omitempty leaves out is decoded as the zero value. So a field whose type
// has marshalling methods is left out only if it is the zero value, and a pointer or an
// interface only if it is nil.

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// omitted reports whether the field is left out of the struct at v.
func (f *planField) omitted(v unsafe.Pointer) bool {
	return f.omit && f.plan.empty(unsafe.Add(v, f.offset))
}

// empty reports whether the value at at may be left out. A method IsZero decides, unless
// the marshalling methods write the value differently from the zero value.
func (p *plan) empty(at unsafe.Pointer) bool {
	v := reflect.NewAt(p.typ, at).Elem()
	switch kind := p.typ.Kind(); kind {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	}
	if p.hasIsZero {
		return p.nilable && v.IsNil() || v.Interface().(zeroer).IsZero() && p.writtenAsZero(v)
	}
	switch p.typ.Kind() {
	case reflect.Array:
		return p.typ.Len() == 0
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		if p.shape != structShape {
			return !p.neverOmitted && v.IsZero()
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

// writtenAsZero reports whether the methods write a value as they write the zero value.
func (p *plan) writtenAsZero(v reflect.Value) bool {
	if p.shape != blobShape || v.IsZero() {
		return true
	}
	write := p.writes()
	mine, err := attempt(func() ([]byte, error) { return write(v.Addr().Interface()) })
	if err != nil {
		return true // left out, as earlier versions did, and not an error
	}
	zero, err := attempt(func() ([]byte, error) { return write(reflect.New(p.typ).Interface()) })
	return err != nil || bytes.Equal(mine, zero)
}

// neverOmitted reports whether a struct with marshalling methods has a field whose tag
// lacks omitempty. Such structs have never been left out.
func neverOmitted(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, err := parseTag(t, f)
		switch {
		case err != nil, tag.name == "-", !f.IsExported() && !f.Anonymous, tag.has("omitempty"):
			continue
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			if !neverOmitted(f.Type) {
				continue
			}
		}
		return true
	}
	return false
}
