package codec

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

// packed writes what MarshalBinary or MarshalText makes, inside a byte string.
func (w *writer) packed(p *plan, v unsafe.Pointer) error {
	at := reflect.NewAt(p.typ, v)
	b, err := p.writes()(at.Interface())
	switch {
	case err != nil || !p.doubt:
	case b != nil:
		err = unread(at, b, p.reads())
	case visible(p.typ) && !alike(at.Elem(), reflect.Zero(p.typ)): // nil is read as the zero value, by no method
		err = errAnother
	}
	if err != nil {
		return err
	}
	w.buf = appendBytes(w.buf, b)
	return nil
}

// writes and reads are the methods behind a packedShape.
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

// coded writes what EncodeMsgpack or MarshalMsgpack makes, by the library.
func (w *writer) coded(p *plan, v unsafe.Pointer) error {
	k := packers.Get().(*packer)
	k.buf, k.start, k.due = w.buf, len(w.buf), firstLook
	k.enc.Reset(k)
	k.enc.UseCompactInts(true)
	k.enc.SetSortMapKeys(true)
	if err := k.enc.EncodeValue(reflect.NewAt(p.typ, v)); err != nil {
		return err // k may be in any state: it does not go back
	}
	w.buf, k.buf = k.buf, nil
	packers.Put(k)
	return nil
}

// packer is a library encoder that appends to a slice. A method of a type's own may hand
// it values that contain themselves: the bytes tell, and end it.
type packer struct {
	enc   *msgpack.Encoder
	buf   []byte
	start int // of what the method writes
	due   int // bytes of it after which the next look is due
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

// look measures the nesting of what was written, each time that it has doubled.
func (p *packer) look() error {
	if len(p.buf)-p.start < p.due {
		return nil
	}
	p.due *= 2
	r := reader{data: p.buf[p.start:]}
	return r.bounded()
}

// maxSequence is how many values in a row a type's own method may write outside of
// any container: it is the other way to go on without end.
const maxSequence = 1 << 16

// bounded refuses what is nested too deep, in bytes that may not be complete.
func (r *reader) bounded() error {
	var left [maxDepth + 1]uint64 // values that are due, by level
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
