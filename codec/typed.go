package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"github.com/desir-go/desir/internal/oneline"
)

// typed is a Typed whose errors are not yet those of the public contract.
//
// budget is the memory that decoding may still allocate. It is computed once, from the
// length of the stored bytes, and passed inwards. A layer that decompresses subtracts
// what it used, so that nested layers share the bound.
type typed[T any] struct {
	append func(dst []byte, v T) ([]byte, error)
	decode func(data []byte, budget int) (T, error)
	check  func(data []byte, budget int) error // an error if data exceeds the bounds of decode
}

const (
	budgetBase    = 1 << 20
	budgetPerByte = 512
)

// budgetFor returns the bound of the package: the memory that decoding n stored bytes may
// allocate, besides the value itself.
func budgetFor(n int) int {
	return budgetBase + budgetPerByte*min(n, (math.MaxInt-budgetBase)/budgetPerByte)
}

// appendBudget returns the budget with which Append checks n bytes: slightly less than
// they will have, so that layers around them can still decompress.
func appendBudget(n int) int { return budgetFor(n) - layersPerByte*n }

const layersPerByte = 8

// resolve picks the functions for T once, so that calls need no lookup.
func resolve[T any](c Codec) (typed[T], error) {
	switch c := c.(type) {
	case *base:
		f, err := c.form(reflect.TypeFor[T]())
		if err != nil {
			return typed[T]{}, err
		}
		if f.typed != nil {
			return *(*typed[T])(f.typed), nil
		}
		return fromForm[T](f), nil
	case *foreignWithHeader:
		f, err := c.pick(reflect.TypeFor[T]()) // not cached: a scoped codec is resolved once
		return fromForm[T](f), err
	case *wrapper:
		p, err := resolveAt(c, innermostAt[T])
		if err != nil {
			return typed[T]{}, err
		}
		return withoutPlace(p), nil
	}
	return withoutPlace(fromForeign[T](c)), nil
}

func fromForm[T any](f *form) typed[T] {
	return typed[T]{
		append: func(dst []byte, v T) ([]byte, error) {
			return f.append(dst, unsafe.Pointer(&v))
		},
		decode: func(data []byte, budget int) (T, error) {
			var v T
			err := f.decode(data, unsafe.Pointer(&v), budget)
			return v, err
		},
		check: f.check,
	}
}

// fromForeign returns the functions of a codec of another package.
func fromForeign[T any](c Codec) typedAt[T] {
	return typedAt[T]{
		append: func(dst []byte, at place, v T) (out []byte, err error) {
			defer catchPanic(&err)
			return codecAt(c, at).Append(dst, v)
		},
		decode: func(data []byte, at place, _ int) (v T, err error) {
			defer catchPanic(&err)
			err = codecAt(c, at).Decode(data, &v)
			return v, err
		},
		check: func([]byte, place, int) error { return nil },
	}
}

// encodeError wraps an error of encoding with the names of type and codec. A refusal of a
// value matches ErrUnsupported, like a refusal of a type. An error of a marshaler keeps
// its text.
func encodeError(name, codec string, err error) error {
	if _, ok := errors.AsType[refusal](err); ok {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("codec: cannot encode %s with %s: %w", oneline.Line(name, oneline.Name), oneline.Text(codec, oneline.Short), err)
}
