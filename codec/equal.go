package codec

import (
	"reflect"
	"time"
)

// transparent reports whether values of a type with marshalling methods can be compared
// without the methods: numbers, booleans and structs of exported fields. It excludes
// slices, arrays and strings, because their methods often write a normal form.
func transparent(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if !t.Field(i).IsExported() {
				return false
			}
		}
		return t.NumField() > 0
	}
	return false
}

// equalValues reports whether the exported parts of two values of one type are equal. A
// method Equal or Cmp decides if the type has one. nil and empty are equal. Two values
// whose field Valid is false are equal, as in package sql.
func equalValues(a, b reflect.Value) bool {
	t := a.Type()
	if equal, ok := byMethod(a, b); ok {
		return equal
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return a.Float() == b.Float() || a.Float() != a.Float() && b.Float() != b.Float()
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() && b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && equalValues(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equalValues(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if v := b.MapIndex(it.Key()); v.IsValid() && !equalValues(it.Value(), v) {
				return false
			}
		}
		return true
	case reflect.Struct:
		return equalFields(a, b)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return true
	}
	return a.Equal(b)
}

func equalFields(a, b reflect.Value) bool {
	if v := a.FieldByName("Valid"); v.IsValid() && v.Kind() == reflect.Bool && !v.Bool() && !b.FieldByName("Valid").Bool() {
		return true
	}
	for i := range a.NumField() {
		if a.Type().Field(i).IsExported() && !equalValues(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}

// byMethod compares with the Equal or Cmp method of the type. ok is false if it has none.
func byMethod(a, b reflect.Value) (equal, ok bool) {
	t := a.Type()
	if t == reflect.TypeFor[time.Time]() {
		return a.Interface().(time.Time).Equal(b.Interface().(time.Time)), true
	}
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer && (a.IsNil() || b.IsNil()) {
		return false, false
	}
	if m, has := t.MethodByName("Equal"); has && m.Type.NumIn() == 2 && m.Type.In(1) == t && m.Type.NumOut() == 1 && m.Type.Out(0).Kind() == reflect.Bool {
		return m.Func.Call([]reflect.Value{a, b})[0].Bool(), true
	}
	if m, has := t.MethodByName("Cmp"); has && m.Type.NumIn() == 2 && m.Type.In(1) == t && m.Type.NumOut() == 1 && m.Type.Out(0).Kind() == reflect.Int {
		return m.Func.Call([]reflect.Value{a, b})[0].Int() == 0, true
	}
	return false, false
}
