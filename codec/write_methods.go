package codec

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/desir-go/desir/internal/pack"
)

// blob writes the result of MarshalBinary or MarshalText as a byte string.
func (w *writer) blob(p *plan, v unsafe.Pointer) error {
	at := reflect.NewAt(p.typ, v)
	b, err := p.writes()(at.Interface())
	switch {
	case err != nil || !p.verify:
	case b != nil:
		err = verifyReadBack(at, b, p.reads())
	case transparent(p.typ) && !equalValues(at.Elem(), reflect.Zero(p.typ)): // nil is decoded as the zero value, without a method
		err = errReadsOther
	}
	if err != nil {
		return err
	}
	w.buf = appendBytes(w.buf, b)
	return nil
}

// writes and reads return the methods of a packedShape.
func (p *plan) writes() func(any) ([]byte, error) {
	if p.hook == binaryHook {
		return writeBinary
	}
	return writeText
}

func (p *plan) reads() func(any, []byte) error {
	if p.hook == binaryHook {
		return readBinary
	}
	return readText
}

// custom writes the result of EncodeMsgpack or MarshalMsgpack with the library.
func (w *writer) custom(p *plan, v unsafe.Pointer) error {
	k := libraryEncoders.Get().(*libraryEncoder)
	k.buf, k.start, k.nextCheck = w.buf, len(w.buf), firstCheck
	k.enc.Reset(k)
	k.enc.UseCompactInts(true)
	k.enc.SetSortMapKeys(true)
	if err := k.enc.EncodeValue(reflect.NewAt(p.typ, v)); err != nil {
		return err // k may be in any state: it is not put back
	}
	w.buf, k.buf = k.buf, nil
	libraryEncoders.Put(k)
	return nil
}

// libraryEncoder is an encoder of the library that appends to a slice. A marshalling
// method may encode a value that contains itself. It detects this in the written bytes,
// and fails.
type libraryEncoder struct {
	enc       *msgpack.Encoder
	buf       []byte
	start     int // where the bytes of the method begin
	nextCheck int // the length of these bytes at the next check
}

var libraryEncoders = sync.Pool{New: func() any { return &libraryEncoder{enc: msgpack.NewEncoder(nil)} }}

const firstCheck = 16 << 10

func (p *libraryEncoder) Write(b []byte) (int, error) {
	p.buf = append(p.buf, b...)
	return len(b), p.checkNesting()
}

func (p *libraryEncoder) WriteByte(c byte) error {
	p.buf = append(p.buf, c)
	return p.checkNesting()
}

// checkNesting checks the nesting of the written bytes each time that their length has
// doubled.
func (p *libraryEncoder) checkNesting() error {
	if len(p.buf)-p.start < p.nextCheck {
		return nil
	}
	p.nextCheck *= 2
	return checkNesting(p.buf[p.start:])
}

// maxSequence is the number of consecutive values that a marshalling method may write
// outside any container. It ends a method that writes without end and without nesting.
const maxSequence = 1 << 16

// checkNesting refuses bytes that are nested too deeply. The bytes may be incomplete.
func checkNesting(data []byte) error {
	r := pack.Tokens{Data: data}
	var left [maxDepth + 1]uint64 // the values that are missing, by level
	depth := 0
	for n := 0; ; {
		t, err := r.Next()
		if err != nil && t.N == 0 { // not the token of a container whose elements are missing
			return nil
		}
		if depth == 0 {
			n++
		} else {
			left[depth]--
		}
		if t.Class == pack.Map {
			t.N *= 2
		}
		if (t.Class == pack.Map || t.Class == pack.Array) && t.N > 0 {
			if depth++; depth > maxDepth {
				return tooLarge(whyDepth)
			}
			left[depth] = t.N
		}
		for depth > 0 && left[depth] == 0 {
			depth--
		}
		if n > maxSequence {
			return tooLarge("its own method writes more than 65536 values in a row")
		}
	}
}
