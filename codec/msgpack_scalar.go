package codec

import (
	"reflect"
	"unsafe"

	"github.com/desir-go/desir/internal/pack"
)

// Scalars without methods are encoded and decoded without the msgpack library, in the
// same bytes. Input that the library would not write is left to the library.

// msgpackScalar returns the form of such a type, or nil for any other type.
func msgpackScalar(t reflect.Type, p *plan) *form {
	if t.NumMethod() > 0 || reflect.PointerTo(t).NumMethod() > 0 {
		return nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return msgpackBool(p)
	case reflect.Int:
		return msgpackInt[int](p)
	case reflect.Int8:
		return msgpackInt[int8](p)
	case reflect.Int16:
		return msgpackInt[int16](p)
	case reflect.Int32:
		return msgpackInt[int32](p)
	case reflect.Int64:
		return msgpackInt[int64](p)
	case reflect.Uint:
		return msgpackInt[uint](p)
	case reflect.Uint8:
		return msgpackInt[uint8](p)
	case reflect.Uint16:
		return msgpackInt[uint16](p)
	case reflect.Uint32:
		return msgpackInt[uint32](p)
	case reflect.Uint64:
		return msgpackInt[uint64](p)
	case reflect.String:
		return msgpackString(p)
	default:
		return nil
	}
}

// viaLibrary decodes with the library, after the guard.
func viaLibrary[T any](p *plan, data []byte, budget int) (v T, err error) {
	if data, err = p.checkAndEdit(data, budget); err == nil {
		err = p.decode(data, reflect.NewAt(p.typ, unsafe.Pointer(&v)))
	}
	return v, err
}

func msgpackBool(p *plan) *form {
	return typedForm(typed[bool]{
		append: func(dst []byte, v bool) ([]byte, error) { return appendBool(dst, v), nil },
		decode: func(data []byte, budget int) (bool, error) {
			if r := (pack.Tokens{Data: data}); len(data) == 1 {
				if t, err := r.Next(); err == nil && t.Class == pack.Bool {
					return t.N == 1, nil
				}
			}
			return viaLibrary[bool](p, data, budget)
		},
		check: p.check,
	})
}

func msgpackInt[N anyInt](p *plan) *form {
	return typedForm(typed[N]{
		append: func(dst []byte, v N) ([]byte, error) {
			if v < 0 {
				return pack.AppendNegative(dst, int64(v)), nil
			}
			return pack.AppendUint(dst, uint64(v)), nil
		},
		decode: func(data []byte, budget int) (N, error) {
			r := pack.Tokens{Data: data}
			if t, err := r.Next(); err == nil && r.Pos == len(data) {
				v := N(t.N)
				if t.Class == pack.Uint && v >= 0 && uint64(v) == t.N || t.Class == pack.Int && v < 0 && int64(v) == int64(t.N) {
					return v, nil
				}
			}
			return viaLibrary[N](p, data, budget)
		},
		check: p.check,
	})
}

func msgpackString(p *plan) *form {
	return typedForm(typed[string]{
		append: func(dst []byte, v string) ([]byte, error) { return pack.AppendString(dst, v), nil },
		decode: func(data []byte, budget int) (string, error) {
			r := pack.Tokens{Data: data}
			if t, err := r.Next(); err == nil && r.Pos == len(data) && t.Class == pack.String {
				return string(data[r.Pos-int(t.N):]), nil
			}
			return viaLibrary[string](p, data, budget)
		},
		check: p.check,
	})
}
