package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"github.com/desir-go/desir/internal/oneline"
)

// typed is what Typed is before the errors of the contract are put around it.
//
// room is the memory that decoding may still allocate. It is worked out from the
// stored bytes once, at the outside, and handed inwards: a layer that unpacks takes
// off what it used, so that a small stored value cannot unfold twice.
type typed[T any] struct {
	append func(dst []byte, v T) ([]byte, error)
	decode func(data []byte, room int) (T, error)
	check  func(data []byte, room int) error // would decode accept this, as far as bounds go?
}

const (
	roomBase    = 1 << 20
	roomPerByte = 512
)

// roomFor is the bound of the whole package: the memory that n stored bytes may
// cost, besides the value they are decoded into.
func roomFor(n int) int {
	return roomBase + roomPerByte*min(n, (math.MaxInt-roomBase)/roomPerByte)
}

// roomKept is the room that Append counts on: a little less than n bytes will have,
// so that layers around them can still unpack.
func roomKept(n int) int { return roomFor(n) - layersPerByte*n }

const layersPerByte = 8

// resolve finds the way from T to bytes once, so that no call has to look again.
func resolve[T any](c Codec) (typed[T], error) {
	switch c := c.(type) {
	case *base:
		f, err := c.form(reflect.TypeFor[T]())
		if err != nil {
			return typed[T]{}, err
		}
		if f.direct != nil {
			return *(*typed[T])(f.direct), nil
		}
		return fromForm[T](f), nil
	case *headedForeign:
		f, err := c.pick(reflect.TypeFor[T]()) // not cached: a codec that is bound to an object is used once
		return fromForm[T](f), err
	case *wrapper:
		p, err := resolvePlaced[T](c)
		if err != nil {
			return typed[T]{}, err
		}
		return nowhereBound(p), nil
	}
	return fromForeign[T](c), nil
}

func fromForm[T any](f *form) typed[T] {
	return typed[T]{
		append: func(dst []byte, v T) ([]byte, error) {
			return f.append(dst, unsafe.Pointer(&v))
		},
		decode: func(data []byte, room int) (T, error) {
			var v T
			err := f.decode(data, unsafe.Pointer(&v), room)
			return v, err
		},
		check: f.check,
	}
}

// fromForeign wraps a codec that somebody else wrote.
func fromForeign[T any](c Codec) typed[T] {
	return typed[T]{
		append: func(dst []byte, v T) (out []byte, err error) {
			defer caught(&err)
			return c.Append(dst, v)
		},
		decode: func(data []byte, _ int) (v T, err error) {
			defer caught(&err)
			err = c.Decode(data, &v)
			return v, err
		},
		check: func([]byte, int) error { return nil },
	}
}

// encodeError puts the type's name around what went wrong while encoding. An error
// of ours already has it, and one of a marshaler keeps its own words. What refuses a value
// matches ErrUnsupported, as what refuses a type does.
func encodeError(name, codec string, err error) error {
	if _, ok := errors.AsType[refusal](err); ok {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("codec: cannot encode %s with %s: %w", oneline.Line(name, oneline.Name), oneline.Text(codec, oneline.Short), err)
}
