package codec

import (
	"time"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/desir-go/desir/internal/pack"
)

// append writes the value at v.
func (t *fastType) append(dst []byte, v unsafe.Pointer) []byte {
	switch t.op {
	case fastBool:
		return appendBool(dst, *(*bool)(v))
	case fastInt:
		return appendInt(dst, intAt(v, t.size))
	case fastUint:
		return pack.AppendUint(dst, uintAt(v, t.size))
	case fastFloat:
		return appendFloatAt(dst, v, t.size)
	case fastString:
		return pack.AppendString(dst, *(*string)(v))
	case fastBytes:
		return appendBytes(dst, *(*[]byte)(v))
	case fastTime:
		return appendTime(dst, *(*time.Time)(v))
	case fastStruct:
		dst = pack.AppendMap(dst, len(t.fields))
		for i := range t.fields {
			f := &t.fields[i]
			dst = append(dst, f.stored...)
			dst = f.append(dst, unsafe.Add(v, f.offset))
		}
		return dst
	case fastSlice:
		s := *(*[]struct{})(v) // of elements of any size
		if s == nil {
			return append(dst, msgpcode.Nil)
		}
		dst = pack.AppendArray(dst, len(s))
		for at, i := unsafe.Pointer(unsafe.SliceData(s)), 0; i < len(s); i++ {
			dst = t.elem.append(dst, unsafe.Add(at, uintptr(i)*t.elem.size))
		}
		return dst
	default: // fastPointer
		if v = *(*unsafe.Pointer)(v); v == nil {
			return append(dst, msgpcode.Nil)
		}
		return t.elem.append(dst, v)
	}
}
