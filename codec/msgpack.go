package codec

import (
	"bytes"
	"reflect"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

// msgpackForm picks the form for Msgpack, and for types that have no other form under
// Auto. Pointers are among these, because nil needs bytes that no value has.
func msgpackForm(t reflect.Type) (*form, error) {
	p, err := planOf(t)
	if err != nil {
		return nil, err
	}
	if f := msgpackScalar(t, p); f != nil {
		f.lax = true
		return f, nil
	}
	if f := fastForm(t, p); f != nil {
		return f, nil
	}
	return libraryForm(t, p), nil
}

// libraryForm returns the form that uses the library after the guard.
func libraryForm(t reflect.Type, p *plan) *form {
	return &form{
		append: func(dst []byte, v unsafe.Pointer) ([]byte, error) {
			return p.encode(dst, v)
		},
		decode: func(data []byte, v unsafe.Pointer, budget int) error {
			data, err := p.checkAndEdit(data, budget)
			if err != nil {
				return err
			}
			return p.decode(data, reflect.NewAt(t, v))
		},
		check: p.check,
	}
}

// encode appends the value at v.
func (p *plan) encode(dst []byte, v unsafe.Pointer) ([]byte, error) {
	out, err := p.write(dst, v)
	if err != nil {
		return nil, err
	}
	if p.needs.sort {
		if err := p.sort(out[len(dst):]); err != nil {
			return nil, err
		}
	}
	if p.needs.guard {
		if err := p.check(out[len(dst):], appendBudget(len(out)-len(dst))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// libraryDecoder is a decoder of the library that reads from a slice.
type libraryDecoder struct {
	dec *msgpack.Decoder
	src bytes.Reader
}

var libraryDecoders = sync.Pool{New: func() any { return &libraryDecoder{dec: msgpack.NewDecoder(nil)} }}

// maxPooledInput bounds the memory of a decoder in the pool. Its buffer is as long as the
// longest string that it has read.
const maxPooledInput = 64 << 10

// decode decodes bytes that the guard accepted.
func (p *plan) decode(data []byte, ptr reflect.Value) (err error) {
	defer catchPanic(&err)
	u := libraryDecoders.Get().(*libraryDecoder)
	u.src.Reset(data)
	u.dec.Reset(&u.src)
	if err := u.dec.Decode(ptr.Interface()); err != nil {
		return p.findRefused(data, err) // u may be in any state: it is not put back
	}
	if u.src.Len() > 0 {
		return errTrailing
	}
	u.src.Reset(nil)
	if len(data) <= maxPooledInput {
		libraryDecoders.Put(u)
	}
	if p.needs.normalize {
		p.normalize(ptr.Elem(), false)
	}
	return nil
}
