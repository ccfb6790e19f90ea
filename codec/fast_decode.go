package codec

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// fastReader decodes values of fast types in the bytes that the library writes.
type fastReader struct {
	reader
	budget int
}

// decode stores the decoded value at v, which must be zero. It returns false if the
// library must decode the bytes; v may hold anything then.
func (t *fastType) decode(data []byte, v unsafe.Pointer, budget int) bool {
	r := fastReader{reader{data: data}, budget - reservedBase - reservedPerByte*len(data)}
	return r.budget >= 0 && r.value(t, v) && r.pos == len(data)
}

func (r *fastReader) value(t *fastType, v unsafe.Pointer) bool {
	if r.pos >= len(r.data) {
		return false
	}
	c := r.data[r.pos]
	if c == msgpcode.Nil {
		r.pos++
		return t.op != fastTime // the zero value; the library decodes a nil time
	}
	switch t.op {
	case fastBool:
		r.pos++
		*(*bool)(v) = c == msgpcode.True
		return c == msgpcode.True || c == msgpcode.False
	case fastInt, fastUint:
		return r.integer(t, v, c)
	case fastFloat:
		return r.float(t, v, c)
	case fastString:
		s, ok := r.string(c)
		*(*string)(v) = string(s)
		return ok
	case fastBytes:
		if c < msgpcode.Bin8 || c > msgpcode.Bin32 {
			return false
		}
		b, ok := r.sizedBytes(1 << (c - msgpcode.Bin8))
		*(*[]byte)(v) = append([]byte{}, b...)
		return ok
	case fastTime:
		return r.time((*time.Time)(v), c)
	case fastStruct:
		return r.structure(t, v)
	case fastSlice:
		return r.slice(t, v)
	default: // fastPointer
		if r.budget -= t.plan.cost; r.budget < 0 {
			return false
		}
		p := reflect.New(t.elem.plan.typ).UnsafePointer()
		*(*unsafe.Pointer)(v) = p
		return r.value(t.elem, p)
	}
}

// integer reads a number whose first byte is c.
func (r *fastReader) integer(t *fastType, v unsafe.Pointer, c byte) bool {
	var n uint64
	if c <= msgpcode.PosFixedNumHigh {
		r.pos++
		n = uint64(c)
	} else {
		token, err := r.next()
		if err != nil || t.plan.checkNumber(token, c) != nil {
			return false
		}
		n = token.n
	}
	switch t.size { // truncation is right for two's complement
	case 1:
		*(*uint8)(v) = uint8(n)
	case 2:
		*(*uint16)(v) = uint16(n)
	case 4:
		*(*uint32)(v) = uint32(n)
	default:
		*(*uint64)(v) = n
	}
	return true
}

// float reads a float of the wanted size only.
func (r *fastReader) float(t *fastType, v unsafe.Pointer, c byte) bool {
	b := r.data[r.pos+1:]
	switch {
	case t.size == 4 && c == msgpcode.Float && len(b) >= 4:
		f := math.Float32frombits(binary.BigEndian.Uint32(b))
		if f != f {
			return false // the library changes the bits of some NaNs
		}
		*(*float32)(v) = f
	case t.size == 8 && c == msgpcode.Double && len(b) >= 8:
		*(*float64)(v) = math.Float64frombits(binary.BigEndian.Uint64(b))
	default:
		return false
	}
	r.pos += 1 + int(t.size)
	return true
}

// string reads a string whose first byte is c.
func (r *fastReader) string(c byte) ([]byte, bool) {
	if msgpcode.IsFixedString(c) {
		r.pos++
		return r.bytes(uint64(c & msgpcode.FixedStrMask))
	}
	if c < msgpcode.Str8 || c > msgpcode.Str32 {
		return nil, false
	}
	return r.sizedBytes(1 << (c - msgpcode.Str8))
}

// sizedBytes reads bytes after a header whose length field has size bytes.
func (r *fastReader) sizedBytes(size int) ([]byte, bool) {
	r.pos++
	n, err := r.readUint(size)
	if err != nil {
		return nil, false
	}
	return r.bytes(n)
}

func (r *fastReader) bytes(n uint64) ([]byte, bool) {
	if n > uint64(len(r.data)-r.pos) {
		return nil, false
	}
	b := r.data[r.pos:][:n]
	r.pos += int(n)
	return b, true
}

func (r *fastReader) time(v *time.Time, c byte) bool {
	b := r.data[r.pos:]
	switch {
	case c == msgpcode.FixExt4 && len(b) >= 6 && b[1] == timeCode:
		*v = time.Unix(int64(binary.BigEndian.Uint32(b[2:])), 0).UTC()
		r.pos += 6
	case c == msgpcode.FixExt8 && len(b) >= 10 && b[1] == timeCode:
		n := binary.BigEndian.Uint64(b[2:])
		*v = time.Unix(int64(n&(1<<34-1)), int64(n>>34)).UTC()
		r.pos += 10
	case c == msgpcode.Ext8 && len(b) >= 15 && b[1] == 12 && b[2] == timeCode:
		*v = time.Unix(int64(binary.BigEndian.Uint64(b[7:])), int64(binary.BigEndian.Uint32(b[3:]))).UTC()
		r.pos += 15
	default:
		return false
	}
	return true
}

// structure reads fields in the order in which they are written. Fields may be missing.
func (r *fastReader) structure(t *fastType, v unsafe.Pointer) bool {
	head, err := r.next()
	if err != nil || head.class != mapClass {
		return false
	}
	at := 0
	for range head.n {
		for ; ; at++ {
			if at == len(t.fields) {
				return false
			}
			if r.skipLiteral(t.fields[at].stored) {
				break
			}
		}
		f := &t.fields[at]
		if !r.value(f.fastType, unsafe.Add(v, f.offset)) {
			return false
		}
		at++
	}
	return true
}

func (r *fastReader) slice(t *fastType, v unsafe.Pointer) bool {
	head, err := r.next()
	if err != nil || head.class != arrayClass {
		return false
	}
	n := int(head.n)
	once, each := t.plan.sliceCost(n)
	if each > 0 && n > r.budget/each {
		return false
	}
	if r.budget -= once + n*each; r.budget < 0 {
		return false
	}
	s := reflect.MakeSlice(t.plan.typ, n, n)
	reflect.NewAt(t.plan.typ, v).Elem().Set(s)
	for at, i := s.UnsafePointer(), 0; i < n; i++ {
		if !r.value(t.elem, unsafe.Add(at, uintptr(i)*t.elem.size)) {
			return false
		}
	}
	return true
}
