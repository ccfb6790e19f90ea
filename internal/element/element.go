// Package element turns values of one type into the strings that Redis stores,
// and back: what the typed shells share.
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

// Of is the way of values of type T. The zero value is not usable.
type Of[T any] struct {
	typed codec.Typed[T]
	at    *codec.TypedAt[T] // the codec binds values to their fields; nil if not
	plain bool              // T is string and its form is itself: it passes without a copy
	most  int               // bytes that Encode lets pass; 0 for any number
}

// Values resolves a codec for values.
func Values[T any](c codec.Codec) (Of[T], error) {
	typed, err := codec.Values[T](c)
	return of(c, typed), err
}

// Placed resolves a codec for values that stand in fields: EncodeAt and Decode bind
// them to the field, if the codec does that.
func Placed[T any](c codec.Codec) (Of[T], error) {
	e, err := Values[T](c)
	if codec.Binds(c) {
		var at codec.TypedAt[T]
		at, err = codec.Placed[T](c)
		e.at = &at
	}
	return e, err
}

// maxMessage is how long a message may be whose codec has no bound of its own.
const maxMessage = 1 << 20

// Messages resolves a codec for values that are sent to somebody: Encode refuses
// those of more than 1 MiB, unless the codec says otherwise. Decode does not look.
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

// Keys resolves a codec for what Redis compares.
func Keys[T comparable](c codec.Codec) (Of[T], error) {
	typed, err := codec.Keys[T](c)
	return of(c, typed), err
}

func of[T any](c codec.Codec, typed codec.Typed[T]) Of[T] {
	text := c == nil || c == codec.Auto || c == codec.Text || c == codec.Raw
	return Of[T]{typed: typed, plain: text && reflect.TypeFor[T]() == reflect.TypeFor[string]()}
}

// Scoped binds a codec that protects values to the object it serves.
func Scoped(c codec.Codec, kind, name string) codec.Codec {
	if s, ok := c.(codec.Scoped); ok {
		return s.Scope(kind + ":" + name)
	}
	return c
}

// Canonical returns why values of a codec cannot be compared by their bytes,
// or nil.
func Canonical(c codec.Codec) error {
	if canon.Deterministic(c) {
		return nil
	}
	return fmt.Errorf("%w: %s gives equal values different bytes, so they cannot be compared in Redis", codec.ErrUnsupported, c.Name())
}

// scratch holds buffers for encoding; what leaves is a string of its own, so
// a caller's bytes are never shared with a command it left behind.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const maxScratch = 64 << 10

// Encode returns what is stored for v.
func (e *Of[T]) Encode(v T) (string, error) {
	s, err := e.encode(v)
	if err == nil && e.most > 0 && len(s) > e.most {
		return "", fmt.Errorf("%w: %d bytes, and a message has %d at most, unless its codec is a Limit", codec.ErrTooLarge, len(s), e.most)
	}
	return s, err
}

// EncodeAt returns what is stored for v in a field.
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

// taken returns b, made in a scratch buffer, as a string, and gives the buffer back.
func taken(buf *[]byte, b []byte) string {
	s := string(b)
	if cap(b) <= maxScratch {
		*buf = b[:0]
		scratch.Put(buf)
	}
	return s
}

// EncodeAll encodes all of vs or returns the first error.
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

// Decode reads what Redis holds. key and field go into the error.
func (e *Of[T]) Decode(s, key, field string) (v T, err error) {
	if e.plain {
		return *(*T)(unsafe.Pointer(&s)), nil
	}
	data := unsafe.Slice(unsafe.StringData(s), len(s)) // codecs keep and change nothing
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

// DecodeAll returns the good ones in order and joins the errors of the others.
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

// Faults collects the errors of single items: at most 100, so that a key full
// of rubbish does not become a text as long.
type Faults []error

// Add keeps err, and reports whether there was one.
func (f *Faults) Add(err error) bool {
	if err != nil && len(*f) < 100 {
		*f = append(*f, err)
	}
	return err != nil
}

// Join returns what was collected as one error.
func (f Faults) Join() error { return errors.Join(f...) }
