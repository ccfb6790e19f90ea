// Package element converts values of one type to the strings that Redis stores, and back.
// The typed collections and channels use it.
package element

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/canon"
	"github.com/desir-go/desir/internal/headed"
)

// Of is a resolved codec for values of type T. The zero value is not usable.
type Of[T any] struct {
	typed codec.Typed[T]
	at    *codec.TypedAt[T] // set if the codec binds values to their fields
	plain bool              // T is string and stored unchanged, so it is not copied
	most  int               // the most bytes that Encode accepts; 0 for no limit
}

// Values resolves a codec for values.
func Values[T any](c codec.Codec) (Of[T], error) {
	typed, err := codec.Values[T](c)
	return of(c, typed), err
}

// Placed resolves a codec for values of fields. EncodeAt and Decode bind each value to
// its field, if the codec supports that.
func Placed[T any](c codec.Codec) (Of[T], error) {
	e, err := Values[T](c)
	if codec.Binds(c) {
		var at codec.TypedAt[T]
		at, err = codec.Placed[T](c)
		e.at = &at
	}
	return e, err
}

// maxMessage is the most bytes of a message whose codec has no Limit.
const maxMessage = 1 << 20

// Messages resolves a codec for messages. Encode refuses a message of more than 1 MiB,
// unless the codec has a Limit. Decode does not check the length.
func Messages[T any](c codec.Codec) (Of[T], error) {
	e, err := Values[T](c)
	e.most = most(c)
	return e, err
}

// Headed returns a codec for values of type [headed.Of]; see [headed.Codec].
func Headed(c codec.Codec, cut func([]byte) (int, bool)) codec.Codec {
	return headed.Codec(c, cut).(codec.Codec)
}

func most(c codec.Codec) int {
	if l, ok := c.(interface{ Limited() bool }); ok && l.Limited() {
		return 0
	}
	return maxMessage
}

// Keys resolves a codec for map keys and set members, which Redis compares.
func Keys[T comparable](c codec.Codec) (Of[T], error) {
	typed, err := codec.Keys[T](c)
	return of(c, typed), err
}

func of[T any](c codec.Codec, typed codec.Typed[T]) Of[T] {
	text := c == nil || c == codec.Auto || c == codec.Text || c == codec.Raw
	return Of[T]{typed: typed, plain: text && reflect.TypeFor[T]() == reflect.TypeFor[string]()}
}

// Scoped returns the codec bound to an object, if it implements [codec.Scoped], and c
// otherwise.
func Scoped(c codec.Codec, kind, name string) codec.Codec {
	if s, ok := c.(codec.Scoped); ok {
		return s.Scope(kind + ":" + name)
	}
	return c
}

// Canonical returns an error if values of a codec cannot be compared by their bytes.
func Canonical(c codec.Codec) error {
	if canon.Deterministic(c) {
		return nil
	}
	return fmt.Errorf("%w: %s gives equal values different bytes, so they cannot be compared in Redis", codec.ErrUnsupported, c.Name())
}

// scratch holds buffers for encoding. The result is copied, so an abandoned command never
// shares memory with its caller.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const maxScratch = 64 << 10

// Encode returns the string that is stored for v.
func (e *Of[T]) Encode(v T) (string, error) {
	s, err := e.encode(v)
	if err == nil && e.most > 0 && len(s) > e.most {
		return "", fmt.Errorf("%w: %d bytes; a message has at most %d, unless its codec has a Limit", codec.ErrTooLarge, len(s), e.most)
	}
	return s, err
}

// EncodeAt returns the string that is stored for v in a field.
func (e *Of[T]) EncodeAt(field string, v T) (string, error) {
	if e.at == nil {
		return e.Encode(v)
	}
	buf := scratch.Get().(*[]byte)
	b, err := e.at.Append((*buf)[:0], field, v)
	return taken(buf, b), err
}

func (e *Of[T]) encode(v T) (string, error) {
	if e.plain {
		return *(*string)(unsafe.Pointer(&v)), nil
	}
	buf := scratch.Get().(*[]byte)
	b, err := e.typed.Append((*buf)[:0], v)
	return taken(buf, b), err
}

// taken returns a copy of b, which was made in buf, and puts buf back into the pool.
func taken(buf *[]byte, b []byte) string {
	s := string(b)
	if cap(b) <= maxScratch {
		*buf = b[:0]
		scratch.Put(buf)
	}
	return s
}

// EncodeAll encodes all values, or returns the first error.
func (e *Of[T]) EncodeAll(vs []T) ([]string, error) {
	all := make([]string, len(vs))
	for i, v := range vs {
		var err error
		if all[i], err = e.Encode(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Decode decodes the stored string s. Its error names key and field.
func (e *Of[T]) Decode(s, key, field string) (v T, err error) {
	if e.plain {
		return *(*T)(unsafe.Pointer(&s)), nil
	}
	data := unsafe.Slice(unsafe.StringData(s), len(s)) // codecs must not keep or change data
	if e.at == nil {
		v, err = e.typed.Decode(data)
	} else {
		v, err = e.at.Decode(data, field)
	}
	if err == nil {
		return v, nil
	}
	var zero T
	if bad, ok := errors.AsType[*codec.DecodeError](err); ok {
		bad.Key, bad.Field = key, field
	}
	return zero, err
}

// DecodeAll returns the decoded values in order, and joins the errors of the others.
func (e *Of[T]) DecodeAll(all []string, key string) ([]T, error) {
	vs := make([]T, 0, len(all))
	var bad Faults
	for _, s := range all {
		v, err := e.Decode(s, key, "")
		if !bad.Add(err) {
			vs = append(vs, v)
		}
	}
	return vs, bad.Join()
}

// Faults collects the errors of single items. It keeps at most 100, to bound the text of
// the joined error.
type Faults []error

// Add collects err, and reports whether it is not nil.
func (f *Faults) Add(err error) bool {
	if err != nil && len(*f) < 100 {
		*f = append(*f, err)
	}
	return err != nil
}

// Join returns the collected errors as one error.
func (f Faults) Join() error { return errors.Join(f...) }
