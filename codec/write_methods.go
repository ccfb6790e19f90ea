package codec

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

// packed writes the result of MarshalBinary or MarshalText as a byte string.
func (w *writer) packed(p *plan, v unsafe.Pointer) error {
	at := reflect.NewAt(p.typ, v)
	b, err := p.writes()(at.Interface())
	switch {
	case err != nil || !p.doubt:
	case b != nil:
		err = unread(at, b, p.reads())
	case visible(p.typ) && !alike(at.Elem(), reflect.Zero(p.typ)): // nil is decoded as the zero value, without a method
		err = errAnother
	}
	if err != nil {
		return err
	}
	w.buf = appendBytes(w.buf, b)
	return nil
}

// writes and reads return the methods of a packedShape.
func (p *plan) writes() func(any) ([]byte, error) {
	if p.hook == ownBinary {
		return writeBinary
	}
	return writeText
}

func (p *plan) reads() func(any, []byte) error {
	if p.hook == ownBinary {
		return readBinary
	}
	return readText
}

// coded writes the result of EncodeMsgpack or MarshalMsgpack with the library.
func (w *writer) coded(p *plan, v unsafe.Pointer) error {
	k := packers.Get().(*packer)
	k.buf, k.start, k.due = w.buf, len(w.buf), firstLook
	k.enc.Reset(k)
	k.enc.UseCompactInts(true)
	k.enc.SetSortMapKeys(true)
	if err := k.enc.EncodeValue(reflect.NewAt(p.typ, v)); err != nil {
		return err // k may be in any state: it is not put back
	}
	w.buf, k.buf = k.buf, nil
	packers.Put(k)
	return nil
}

// packer is a library encoder that appends to a slice. A marshalling method may encode a
// value that contains itself. The packer detects this in the written bytes, and fails.
type packer struct {
	enc   *msgpack.Encoder
	buf   []byte
	start int // where the bytes of the method begin
	due   int // the length of these bytes at the next check
}

var packers = sync.Pool{New: func() any { return &packer{enc: msgpack.NewEncoder(nil)} }}

const firstLook = 16 << 10

func (p *packer) Write(b []byte) (int, error) {
	p.buf = append(p.buf, b...)
	return len(b), p.look()
}

func (p *packer) WriteByte(c byte) error {
	p.buf = append(p.buf, c)
	return p.look()
}

// look checks the nesting of the written bytes each time that their length has doubled.
func (p *packer) look() error {
	if len(p.buf)-p.start < p.due {
		return nil
	}
	p.due *= 2
	r := reader{data: p.buf[p.start:]}
	return r.bounded()
}

// maxSequence is the number of consecutive values that a marshalling method may write
// outside any container. It ends a method that writes without end and without nesting.
const maxSequence = 1 << 16

// bounded refuses bytes that are nested too deeply. The bytes may be incomplete.
func (r *reader) bounded() error {
	var left [maxDepth + 1]uint64 // the values that are missing, by level
	depth := 0
	for n := 0; ; {
		t, ok := r.header()
		if !ok {
			return nil
		}
		if depth == 0 {
			n++
		} else {
			left[depth]--
		}
		if t.class == mapClass {
			t.n *= 2
		}
		if (t.class == mapClass || t.class == arrayClass) && t.n > 0 {
			if depth++; depth > maxDepth {
				return tooLarge(whyDepth)
			}
			left[depth] = t.n
		}
		for depth > 0 && left[depth] == 0 {
			depth--
		}
		if n > maxSequence {
			return tooLarge("its own method writes more than 65536 values in a row")
		}
	}
}
