package codec

import (
	"math"
	"reflect"
	"strconv"
	"unsafe"
)

// The errors of strconv quote their input, so these replace them.
const (
	errBool    refusal = "not a boolean: neither 1 nor 0"
	errInteger refusal = "not an integer in plain decimal"
	errFloat   refusal = "not a number"
)

// textScalar returns the text form of a scalar kind, or nil for other kinds.
func textScalar(t reflect.Type) *form {
	switch t.Kind() {
	case reflect.String:
		return stringForm
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return bytesForm
		}
	case reflect.Bool:
		return boolForm
	case reflect.Int:
		return textInt[int](t)
	case reflect.Int8:
		return textInt[int8](t)
	case reflect.Int16:
		return textInt[int16](t)
	case reflect.Int32:
		return textInt[int32](t)
	case reflect.Int64:
		return textInt[int64](t)
	case reflect.Uint:
		return textInt[uint](t)
	case reflect.Uint8:
		return textInt[uint8](t)
	case reflect.Uint16:
		return textInt[uint16](t)
	case reflect.Uint32:
		return textInt[uint32](t)
	case reflect.Uint64:
		return textInt[uint64](t)
	case reflect.Float32:
		return textFloat[float32](t)
	case reflect.Float64:
		return textFloat[float64](t)
	}
	return nil
}

// fits is the check of forms whose values take about as much memory as their bytes.
func fits(data []byte, budget int) error {
	if len(data) > budget {
		return tooLarge(whyUnpacked)
	}
	return nil
}

var stringForm = typedForm(typed[string]{
	append: func(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil },
	decode: func(data []byte, budget int) (string, error) {
		if len(data) > budget {
			return "", fits(data, budget)
		}
		return string(data), nil
	},
	check: fits,
})

// bytesForm decodes no bytes as an empty slice: nil and empty slices have the same bytes.
var bytesForm = typedForm(typed[[]byte]{
	append: func(dst []byte, v []byte) ([]byte, error) { return append(dst, v...), nil },
	decode: func(data []byte, budget int) ([]byte, error) {
		if len(data) > budget {
			return nil, fits(data, budget)
		}
		out := make([]byte, len(data))
		copy(out, data)
		return out, nil
	},
	check: fits,
})

var boolForm = typedForm(typed[bool]{
	append: func(dst []byte, v bool) ([]byte, error) {
		if v {
			return append(dst, '1'), nil
		}
		return append(dst, '0'), nil
	},
	decode: func(data []byte, _ int) (bool, error) {
		if len(data) == 1 && (data[0] == '1' || data[0] == '0') {
			return data[0] == '1', nil
		}
		return false, errBool
	},
	check: fits,
})

type anyInt interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64
}

func textInt[N anyInt](t reflect.Type) *form {
	lowest, most := uint64(0), uint64(math.MaxUint64)>>(64-t.Bits()) // the lowest without its sign
	if t.Kind() <= reflect.Int64 {
		lowest, most = most/2+1, most/2
	}
	outside := refusal("an integer outside of " + t.Kind().String())
	return typedForm(typed[N]{
		append: func(dst []byte, v N) ([]byte, error) {
			if v < 0 {
				return strconv.AppendInt(dst, int64(v), 10), nil
			}
			return strconv.AppendUint(dst, uint64(v), 10), nil
		},
		decode: func(data []byte, _ int) (N, error) {
			n, negative, err := decimal(data)
			switch {
			case err != nil:
				return 0, err
			case negative && n <= lowest:
				return N(-n), nil
			case !negative && n <= most:
				return N(n), nil
			}
			return 0, outside
		},
		check: fits,
	})
}

// decimal reads an integer in its only accepted form: digits without a leading zero,
// after a minus if it is negative. Redis writes and accepts the same form.
func decimal(data []byte) (n uint64, negative bool, err error) {
	digits := data
	if len(digits) > 0 && digits[0] == '-' {
		negative, digits = true, digits[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && (len(digits) > 1 || negative) {
		return 0, false, errInteger
	}
	for _, c := range digits {
		d := uint64(c - '0')
		if d > 9 {
			return 0, false, errInteger
		}
		if n > (math.MaxUint64-d)/10 {
			return 0, false, refusal("an integer of more than 64 bits")
		}
		n = n*10 + d
	}
	return n, negative, nil
}

func textFloat[F float32 | float64](t reflect.Type) *form {
	bits := t.Bits()
	outside := refusal("a number outside of " + t.Kind().String())
	return typedForm(typed[F]{
		append: func(dst []byte, v F) ([]byte, error) { return appendFloat(dst, float64(v), bits), nil },
		decode: func(data []byte, _ int) (F, error) {
			// The string shares the memory of data. ParseFloat keeps it only in its
			// error.
			f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(data), len(data)), bits)
			switch {
			case err == nil:
				return F(f), nil
			case math.IsInf(f, 0):
				return 0, outside
			}
			return 0, errFloat
		},
		check: fits,
	})
}

// appendFloat writes the fewest digits that read back as the same number. Numbers from
// 1e-6 to below 1e21 are plain decimals, as in encoding/json and JavaScript; others have
// an exponent. Redis accepts all of these, and writes infinities in the same way.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}
