package collections

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/canon"
)

// element turns values of one type into the strings that Redis stores, and
// back. A string whose form is itself passes through without a copy.
type element[T any] struct {
	typed codec.Typed[T]
	plain bool
}

// elementOf returns the element of what codec.Values or codec.Keys resolved.
func elementOf[T any](c codec.Codec, typed codec.Typed[T]) element[T] {
	text := c == nil || c == codec.Auto || c == codec.Text || c == codec.Raw
	return element[T]{typed: typed, plain: text && reflect.TypeFor[T]() == reflect.TypeFor[string]()}
}

// canonical returns why values of a codec cannot be compared by their bytes,
// or nil.
func canonical(c codec.Codec) error {
	if canon.Deterministic(c) {
		return nil
	}
	return fmt.Errorf("%w: %s gives equal values different bytes, so they cannot be compared in Redis", codec.ErrUnsupported, c.Name())
}

// scratch holds buffers for encoding; what leaves is a string of its own, so
// a caller's bytes are never shared with a command it left behind.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const maxScratch = 64 << 10

func (e *element[T]) encode(v T) (string, error) {
	if e.plain {
		return *(*string)(unsafe.Pointer(&v)), nil
	}
	buf := scratch.Get().(*[]byte)
	b, err := e.typed.Append((*buf)[:0], v)
	s := string(b)
	if cap(b) <= maxScratch {
		*buf = b[:0]
		scratch.Put(buf)
	}
	return s, err
}

func (e *element[T]) encodeAll(vs []T) ([]string, error) {
	all := make([]string, len(vs))
	for i, v := range vs {
		var err error
		if all[i], err = e.encode(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// decode reads what Redis holds. key and field go into the error.
func (e *element[T]) decode(s, key, field string) (v T, err error) {
	if e.plain {
		return *(*T)(unsafe.Pointer(&s)), nil
	}
	v, err = e.typed.Decode(unsafe.Slice(unsafe.StringData(s), len(s))) // codecs keep and change nothing
	if err == nil {
		return v, nil
	}
	var zero T
	if bad, ok := errors.AsType[*codec.DecodeError](err); ok {
		bad.Key, bad.Field = key, field
	}
	return zero, err
}

// decodeAll returns the good ones in order and joins the errors of the others.
func (e *element[T]) decodeAll(all []string, key string) ([]T, error) {
	vs := make([]T, 0, len(all))
	var bad faults
	for _, s := range all {
		v, err := e.decode(s, key, "")
		if bad.add(err) {
			continue
		}
		vs = append(vs, v)
	}
	return vs, bad.join()
}

// faults collects the errors of single items: at most 100, so that a key full
// of rubbish does not become a text as long.
type faults []error

func (f *faults) add(err error) bool {
	if err != nil && len(*f) < 100 {
		*f = append(*f, err)
	}
	return err != nil
}

func (f faults) join() error { return errors.Join(f...) }

// missing turns the client's "nil" into no error: the caller answers it with
// ok == false.
func missing(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}
