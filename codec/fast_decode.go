package codec

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/desir-go/desir/internal/pack"
)

// fastReader decodes values of fast types in the bytes that the library writes.
type fastReader struct {
	pack.Tokens
	budget int
}

// decode stores the decoded value at v, which must be zero. It returns false if the
// library must decode the bytes; v may hold anything then.
func (t *fastType) decode(data []byte, v unsafe.Pointer, budget int) bool {
	r := fastReader{pack.Tokens{Data: data}, budget - reservedBase - reservedPerByte*len(data)}
	return r.budget >= 0 && r.value(t, v) && r.Pos == len(data)
}

func (r *fastReader) value(t *fastType, v unsafe.Pointer) bool {
	if t.op == fastPointer {
		return r.pointer(t, v)
	}
	token, err := r.Next()
	if err != nil {
		return false
	}
	if token.Class == pack.Nil {
		return t.op != fastTime // the zero value; the library decodes a nil time
	}
	switch t.op {
	case fastBool:
		*(*bool)(v) = token.N == 1
		return token.Class == pack.Bool
	case fastInt, fastUint:
		setNumber(v, t.size, token.N)
		return t.plan.checkNumber(token) == nil
	case fastFloat:
		return setFloat(v, t.size, token)
	case fastString:
		if token.Class != pack.String {
			return false
		}
		*(*string)(v) = string(r.content(token))
	case fastBytes:
		if token.Class != pack.Binary {
			return false
		}
		*(*[]byte)(v) = append([]byte{}, r.content(token)...)
	case fastTime:
		return token.Class == pack.Ext && setTime((*time.Time)(v), r.content(token))
	case fastStruct:
		return token.Class == pack.Map && r.structure(t, v, int(token.N))
	default: // fastSlice
		return token.Class == pack.Array && r.slice(t, v, int(token.N))
	}
	return true
}

// content returns the bytes of a string or an extension that was just read.
func (r *fastReader) content(t pack.Token) []byte { return r.Data[r.Pos-int(t.N) : r.Pos] }

// setNumber stores an integer of size bytes. Truncation is right for two's complement.
func setNumber(v unsafe.Pointer, size uintptr, n uint64) {
	switch size {
	case 1:
		*(*uint8)(v) = uint8(n)
	case 2:
		*(*uint16)(v) = uint16(n)
	case 4:
		*(*uint32)(v) = uint32(n)
	default:
		*(*uint64)(v) = n
	}
}

// setFloat stores a float of the wanted size only.
func setFloat(v unsafe.Pointer, size uintptr, t pack.Token) bool {
	switch {
	case size == 4 && t.Class == pack.Float32:
		f := math.Float32frombits(uint32(t.N))
		*(*float32)(v) = f
		return f == f // the library changes the bits of some NaNs
	case size == 8 && t.Class == pack.Float64:
		*(*float64)(v) = math.Float64frombits(t.N)
		return true
	}
	return false
}

// setTime stores the time of a timestamp, which begins with its type.
func setTime(v *time.Time, b []byte) bool {
	if b[0] != timeCode {
		return false
	}
	switch b = b[1:]; len(b) {
	case 4:
		*v = time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
	case 8:
		n := binary.BigEndian.Uint64(b)
		*v = time.Unix(int64(n&(1<<34-1)), int64(n>>34)).UTC()
	case 12:
		*v = time.Unix(int64(binary.BigEndian.Uint64(b[4:])), int64(binary.BigEndian.Uint32(b))).UTC()
	default:
		return false
	}
	return true
}

func (r *fastReader) pointer(t *fastType, v unsafe.Pointer) bool {
	if r.Pos < len(r.Data) && r.Data[r.Pos] == msgpcode.Nil {
		r.Pos++
		return true
	}
	if r.budget -= t.plan.cost; r.budget < 0 {
		return false
	}
	p := reflect.New(t.elem.plan.typ).UnsafePointer()
	*(*unsafe.Pointer)(v) = p
	return r.value(t.elem, p)
}

// structure reads n fields in the order in which they are written. Fields may be missing.
func (r *fastReader) structure(t *fastType, v unsafe.Pointer, n int) bool {
	at := 0
	for range n {
		for ; ; at++ {
			if at == len(t.fields) {
				return false
			}
			if r.Skip(t.fields[at].stored) {
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

func (r *fastReader) slice(t *fastType, v unsafe.Pointer, n int) bool {
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
