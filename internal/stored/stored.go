// Package stored converts values of one type to the strings that Redis stores, and back.
// The typed collections and channels use it.
package stored

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/headed"
)

// Codec is a resolved codec for values of type T. The zero value is not usable.
type Codec[T any] struct {
	typed    codec.Typed[T]
	bound    *codec.TypedAt[T] // set if the codec binds values to their fields
	verbatim bool              // T is string and stored unchanged, so it is not copied
	maxBytes int               // the most bytes that Encode accepts; 0 for no limit
}

// Values resolves a codec for values.
func Values[T any](c codec.Codec) (Codec[T], error) {
	typed, err := codec.Values[T](c)
	return newCodec(c, typed), err
}

// FieldValues resolves a codec for values of fields. EncodeAt and Decode bind each value
// to its field, if the codec supports that.
func FieldValues[T any](c codec.Codec) (Codec[T], error) {
	values, err := Values[T](c)
	if codec.Binds(c) {
		var bound codec.TypedAt[T]
		bound, err = codec.Placed[T](c)
		values.bound = &bound
	}
	return values, err
}

// maxMessage is the most bytes of a message whose codec has no Limit.
const maxMessage = 1 << 20

// Messages resolves a codec for messages. Encode refuses a message of more than 1 MiB,
// unless the codec has a Limit. Decode does not check the length.
func Messages[T any](c codec.Codec) (Codec[T], error) {
	messages, err := Values[T](c)
	messages.maxBytes = maxBytes(c)
	return messages, err
}

// WithHeader returns a codec for values of type [headed.Value]; see [headed.Codec].
func WithHeader(c codec.Codec, headerLen func([]byte) (int, bool)) codec.Codec {
	return headed.Codec(c, headerLen).(codec.Codec)
}

func maxBytes(c codec.Codec) int {
	if l, ok := c.(interface{ Limited() bool }); ok && l.Limited() {
		return 0
	}
	return maxMessage
}

// Keys resolves a codec for map keys and set members, which Redis compares.
func Keys[T comparable](c codec.Codec) (Codec[T], error) {
	typed, err := codec.Keys[T](c)
	return newCodec(c, typed), err
}

func newCodec[T any](c codec.Codec, typed codec.Typed[T]) Codec[T] {
	text := c == nil || c == codec.Auto || c == codec.Text || c == codec.Raw
	return Codec[T]{typed: typed, verbatim: text && reflect.TypeFor[T]() == reflect.TypeFor[string]()}
}

// Scope returns the codec bound to an object, if it implements [codec.Scoped], and c
// otherwise.
func Scope(c codec.Codec, kind, name string) codec.Codec {
	if s, ok := c.(codec.Scoped); ok {
		return s.Scope(kind + ":" + name)
	}
	return c
}

// CheckDeterministic returns an error unless the codec writes equal values as equal bytes.
// Operations that compare stored bytes (CompareAndSwap, CompareAndDelete, Index, Remove of
// a value) need that. A nil codec is [codec.Auto]. The codec declares it with a method, so
// that codecs of other packages can declare it too.
func CheckDeterministic(c codec.Codec) error {
	if c == nil {
		return nil
	}
	if d, ok := c.(interface{ Deterministic() bool }); ok && d.Deterministic() {
		return nil
	}
	return fmt.Errorf("%w: %s gives equal values different bytes, so they cannot be compared in Redis", codec.ErrUnsupported, c.Name())
}

// buffers holds buffers for encoding. The result is copied, so an abandoned command never
// shares memory with its caller.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 64 << 10 // bytes; longer buffers are dropped

// Encode returns the string that is stored for v.
func (c *Codec[T]) Encode(v T) (string, error) {
	s, err := c.encode(v)
	if err == nil && c.maxBytes > 0 && len(s) > c.maxBytes {
		return "", fmt.Errorf("%w: %d bytes; a message has at most %d, unless its codec has a Limit", codec.ErrTooLarge, len(s), c.maxBytes)
	}
	return s, err
}

// EncodeAt returns the string that is stored for v in a field.
func (c *Codec[T]) EncodeAt(field string, v T) (string, error) {
	if c.bound == nil {
		return c.Encode(v)
	}
	buf := buffers.Get().(*[]byte)
	b, err := c.bound.Append((*buf)[:0], field, v)
	return copied(buf, b), err
}

func (c *Codec[T]) encode(v T) (string, error) {
	if c.verbatim {
		return *(*string)(unsafe.Pointer(&v)), nil
	}
	buf := buffers.Get().(*[]byte)
	b, err := c.typed.Append((*buf)[:0], v)
	return copied(buf, b), err
}

// copied returns a copy of b, which was made in buf, and puts buf back into the pool.
func copied(buf *[]byte, b []byte) string {
	s := string(b)
	if cap(b) <= maxPooled {
		*buf = b[:0]
		buffers.Put(buf)
	}
	return s
}

// EncodeAll encodes all values, or returns the first error.
func (c *Codec[T]) EncodeAll(vs []T) ([]string, error) {
	all := make([]string, len(vs))
	for i, v := range vs {
		var err error
		if all[i], err = c.Encode(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Decode decodes the stored string s. Its error names key and field.
func (c *Codec[T]) Decode(s, key, field string) (v T, err error) {
	if c.verbatim {
		return *(*T)(unsafe.Pointer(&s)), nil
	}
	data := unsafe.Slice(unsafe.StringData(s), len(s)) // codecs must not keep or change data
	if c.bound == nil {
		v, err = c.typed.Decode(data)
	} else {
		v, err = c.bound.Decode(data, field)
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
func (c *Codec[T]) DecodeAll(all []string, key string) ([]T, error) {
	vs := make([]T, 0, len(all))
	var bad Errors
	for _, s := range all {
		v, err := c.Decode(s, key, "")
		if !bad.Add(err) {
			vs = append(vs, v)
		}
	}
	return vs, bad.Join()
}

// Errors collects the errors of single items. It keeps at most 100, to bound the text of
// the joined error.
type Errors []error

// Add collects err, and reports whether it is not nil.
func (e *Errors) Add(err error) bool {
	if err != nil && len(*e) < 100 {
		*e = append(*e, err)
	}
	return err != nil
}

// Join returns the collected errors as one error.
func (e Errors) Join() error { return errors.Join(e...) }
