package codec

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/desir-go/desir/internal/pack"
)

// append writes the value at v.
func (t *plainType) append(dst []byte, v unsafe.Pointer) []byte {
	switch t.op {
	case plainBool:
		if *(*bool)(v) {
			return append(dst, msgpcode.True)
		}
		return append(dst, msgpcode.False)
	case plainInt:
		if n := t.int(v); n < 0 {
			return pack.AppendNegative(dst, n)
		} else {
			return pack.AppendUint(dst, uint64(n))
		}
	case plainUint:
		return pack.AppendUint(dst, t.uint(v))
	case plainFloat:
		if t.size == 4 {
			return binary.BigEndian.AppendUint32(append(dst, msgpcode.Float), math.Float32bits(*(*float32)(v)))
		}
		return binary.BigEndian.AppendUint64(append(dst, msgpcode.Double), math.Float64bits(*(*float64)(v)))
	case plainString:
		return pack.AppendString(dst, *(*string)(v))
	case plainBytes:
		b := *(*[]byte)(v)
		if b == nil {
			return append(dst, msgpcode.Nil)
		}
		return pack.AppendBinary(dst, unsafe.String(unsafe.SliceData(b), len(b)))
	case plainTime:
		return appendTime(dst, *(*time.Time)(v))
	case plainStruct:
		dst = pack.AppendMap(dst, len(t.fields))
		for i := range t.fields {
			f := &t.fields[i]
			dst = append(dst, f.stored...)
			dst = f.append(dst, unsafe.Add(v, f.offset))
		}
		return dst
	case plainSlice:
		s := *(*[]struct{})(v) // of elements of any size
		if s == nil {
			return append(dst, msgpcode.Nil)
		}
		dst = pack.AppendArray(dst, len(s))
		for at, i := unsafe.Pointer(unsafe.SliceData(s)), 0; i < len(s); i++ {
			dst = t.elem.append(dst, unsafe.Add(at, uintptr(i)*t.elem.size))
		}
		return dst
	default: // plainPointer
		if v = *(*unsafe.Pointer)(v); v == nil {
			return append(dst, msgpcode.Nil)
		}
		return t.elem.append(dst, v)
	}
}

func (t *plainType) int(v unsafe.Pointer) int64 {
	switch t.size {
	case 1:
		return int64(*(*int8)(v))
	case 2:
		return int64(*(*int16)(v))
	case 4:
		return int64(*(*int32)(v))
	}
	return *(*int64)(v)
}

func (t *plainType) uint(v unsafe.Pointer) uint64 {
	switch t.size {
	case 1:
		return uint64(*(*uint8)(v))
	case 2:
		return uint64(*(*uint16)(v))
	case 4:
		return uint64(*(*uint32)(v))
	}
	return *(*uint64)(v)
}

// timeCode is the extension that the specification of msgpack gives to instants:
// 4 bytes of seconds, 8 of nanoseconds (30 bits) and seconds, or 4 and 8 of these.
const timeCode = 0xff

func appendTime(dst []byte, at time.Time) []byte {
	seconds, nanos := uint64(at.Unix()), uint64(at.Nanosecond())
	switch {
	case seconds>>34 != 0:
		dst = binary.BigEndian.AppendUint32(append(dst, msgpcode.Ext8, 12, timeCode), uint32(nanos))
		return binary.BigEndian.AppendUint64(dst, seconds)
	case nanos == 0 && seconds>>32 == 0:
		return binary.BigEndian.AppendUint32(append(dst, msgpcode.FixExt4, timeCode), uint32(seconds))
	default:
		return binary.BigEndian.AppendUint64(append(dst, msgpcode.FixExt8, timeCode), nanos<<34|seconds)
	}
}
