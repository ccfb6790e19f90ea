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
	if f := directForm(t, p); f != nil {
		f.lax = true
		return f, nil
	}
	if f := plainForm(t, p); f != nil {
		return f, nil
	}
	return libraryForm(t, p), nil
}

// libraryForm returns the form that uses the library after the guard.
func libraryForm(t reflect.Type, p *plan) *form {
	return &form{
		append: func(dst []byte, v unsafe.Pointer) ([]byte, error) {
			return p.pack(dst, v)
		},
		decode: func(data []byte, v unsafe.Pointer, room int) error {
			data, err := p.guarded(data, room)
			if err != nil {
				return err
			}
			return p.unpack(data, reflect.NewAt(t, v))
		},
		check: p.check,
	}
}

// pack appends the value at v.
func (p *plan) pack(dst []byte, v unsafe.Pointer) ([]byte, error) {
	out, err := p.write(dst, v)
	if err != nil {
		return nil, err
	}
	if p.traits.sorted {
		if err := p.sort(out[len(dst):]); err != nil {
			return nil, err
		}
	}
	if p.traits.checked {
		if err := p.check(out[len(dst):], roomKept(len(out)-len(dst))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unpacker is a library decoder that reads from a slice.
type unpacker struct {
	dec *msgpack.Decoder
	src bytes.Reader
}

var unpackers = sync.Pool{New: func() any { return &unpacker{dec: msgpack.NewDecoder(nil)} }}

// keptInput bounds the memory of a decoder in the pool. Its buffer is as long as the
// longest string that it has read.
const keptInput = 64 << 10

// unpack decodes bytes that the guard accepted.
func (p *plan) unpack(data []byte, ptr reflect.Value) (err error) {
	defer caught(&err)
	u := unpackers.Get().(*unpacker)
	u.src.Reset(data)
	u.dec.Reset(&u.src)
	if err := u.dec.Decode(ptr.Interface()); err != nil {
		return p.blame(data, err) // u may be in any state: it is not put back
	}
	if u.src.Len() > 0 {
		return errTrailing
	}
	u.src.Reset(nil)
	if len(data) <= keptInput {
		unpackers.Put(u)
	}
	if p.traits.settles {
		p.settle(ptr.Elem(), false)
	}
	return nil
}
