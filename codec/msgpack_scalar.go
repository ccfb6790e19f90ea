package codec

import (
	"math"
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
		return msgpackUint[uint](p)
	case reflect.Uint8:
		return msgpackUint[uint8](p)
	case reflect.Uint16:
		return msgpackUint[uint16](p)
	case reflect.Uint32:
		return msgpackUint[uint32](p)
	case reflect.Uint64:
		return msgpackUint[uint64](p)
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
	const no, yes = 0xc2, 0xc3
	return typedForm(typed[bool]{
		append: func(dst []byte, v bool) ([]byte, error) {
			if v {
				return append(dst, yes), nil
			}
			return append(dst, no), nil
		},
		decode: func(data []byte, budget int) (bool, error) {
			if len(data) == 1 && (data[0] == no || data[0] == yes) {
				return data[0] == yes, nil
			}
			return viaLibrary[bool](p, data, budget)
		},
		check: p.check,
	})
}

func msgpackInt[N int | int8 | int16 | int32 | int64](p *plan) *form {
	return typedForm(typed[N]{
		append: func(dst []byte, v N) ([]byte, error) {
			if v < 0 {
				return pack.AppendNegative(dst, int64(v)), nil
			}
			return pack.AppendUint(dst, uint64(v)), nil
		},
		decode: func(data []byte, budget int) (N, error) {
			r := pack.Reader{Data: unsafe.String(unsafe.SliceData(data), len(data))}
			n := r.Uint()
			if v := N(n); !r.Bad() && r.Len() == 0 && n <= math.MaxInt64 && int64(v) == int64(n) {
				return v, nil
			}
			return viaLibrary[N](p, data, budget)
		},
		check: p.check,
	})
}

func msgpackUint[N uint | uint8 | uint16 | uint32 | uint64](p *plan) *form {
	return typedForm(typed[N]{
		append: func(dst []byte, v N) ([]byte, error) { return pack.AppendUint(dst, uint64(v)), nil },
		decode: func(data []byte, budget int) (N, error) {
			r := pack.Reader{Data: unsafe.String(unsafe.SliceData(data), len(data))}
			n := r.Uint()
			if v := N(n); !r.Bad() && r.Len() == 0 && uint64(v) == n {
				return v, nil
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
			r := pack.Reader{Data: unsafe.String(unsafe.SliceData(data), len(data))}
			if _ = r.String(); !r.Bad() && r.Len() == 0 {
				r.Data = string(data) // a copy: the caller owns data
				return r.String(), nil
			}
			return viaLibrary[string](p, data, budget)
		},
		check: p.check,
	})
}
