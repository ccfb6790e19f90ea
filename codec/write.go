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

// writer appends values along their plans, in the bytes that the msgpack library writes.
// It stops at the same depth as the guard, so a value that contains itself is an error.
// The library would continue until the stack overflows, which ends the process.
type writer struct {
	buf   []byte
	depth int // of containers
	hops  int // interfaces around the current value; they may hold pointers to each other
}

// maxHops bounds interfaces that hold pointers to interfaces, which nest without any
// bytes.
const maxHops = 4 * maxDepth

// write appends the value at v. Maps are not sorted yet.
func (p *plan) write(dst []byte, v unsafe.Pointer) (_ []byte, err error) {
	defer catchPanic(&err)
	w := writer{buf: dst}
	if err := w.value(p, v); err != nil {
		return nil, err
	}
	return w.buf, nil
}

func (w *writer) enter() error {
	if w.depth++; w.depth > maxDepth {
		return tooLarge(whyDepth)
	}
	return nil
}

func (w *writer) null() { w.buf = append(w.buf, msgpcode.Nil) }

// value writes an element of a container. A nil element is written as nil, even if its
// type has marshalling methods.
func (w *writer) value(p *plan, v unsafe.Pointer) error {
	if p.nilable && *(*unsafe.Pointer)(v) == nil { // slices begin with their pointer
		w.null()
		return nil
	}
	return w.target(p, v)
}

// target writes the target of a pointer. Marshalling methods are called for nil too.
func (w *writer) target(p *plan, v unsafe.Pointer) error {
	switch p.shape {
	case anyShape:
		return w.dynamic(p, v)
	case customShape:
		return w.custom(p, v)
	case blobShape:
		return w.blob(p, v)
	case timeShape:
		w.buf = appendTime(w.buf, *(*time.Time)(v))
	case boolShape:
		w.buf = appendBool(w.buf, *(*bool)(v))
	case intShape:
		w.buf = appendInt(w.buf, intAt(v, p.typ.Size()))
	case uintShape:
		w.buf = pack.AppendUint(w.buf, uintAt(v, p.typ.Size()))
	case floatShape:
		w.buf = appendFloatAt(w.buf, v, p.typ.Size())
	case stringShape:
		if p.typ.Kind() == reflect.String {
			w.buf = pack.AppendString(w.buf, *(*string)(v))
			return nil
		}
		w.buf = appendBytes(w.buf, *(*[]byte)(v))
	case byteArrayShape:
		w.buf = pack.AppendBinary(w.buf, unsafe.String((*byte)(v), p.len))
	case pointerShape:
		at := *(*unsafe.Pointer)(v)
		if at == nil {
			w.null()
			return nil
		}
		from := len(w.buf)
		if err := w.target(p.elem, at); err != nil {
			return err
		}
		if p.elem.shape == blobShape && len(w.buf) == from+1 && w.buf[from] == msgpcode.Nil && p.elem.readsNothing(at) {
			w.buf = pack.AppendBinary(w.buf[:from], "") // nil would be decoded as a nil pointer
		}
	default:
		return w.container(p, v)
	}
	return nil
}

// readsNothing reports whether a value that was written as no bytes can be read from
// none.
func (p *plan) readsNothing(at unsafe.Pointer) bool {
	if p.nilable && *(*unsafe.Pointer)(at) == nil {
		return false
	}
	_, err := readBack(p.typ, []byte{}, p.reads())
	return err == nil
}

func (w *writer) container(p *plan, v unsafe.Pointer) error {
	if p.nilable && *(*unsafe.Pointer)(v) == nil {
		w.null()
		return nil
	}
	if err := w.enter(); err != nil {
		return err
	}
	defer func() { w.depth-- }()
	switch p.shape {
	case sliceShape:
		s := *(*[]struct{})(v) // of elements of any size
		return w.elements(p.elem, unsafe.Pointer(unsafe.SliceData(s)), len(s))
	case arrayShape:
		return w.elements(p.elem, v, p.len)
	case mapShape:
		return w.mapping(p, reflect.NewAt(p.typ, v).Elem())
	default: // structShape
		return w.structure(p, v)
	}
}

func (w *writer) elements(p *plan, at unsafe.Pointer, n int) error {
	w.buf = pack.AppendArray(w.buf, n)
	size := p.typ.Size()
	for i := range n {
		if err := w.value(p, unsafe.Add(at, uintptr(i)*size)); err != nil {
			return err
		}
	}
	return nil
}

// mapping copies keys and values, so that methods with pointer receivers can be called.
func (w *writer) mapping(p *plan, m reflect.Value) error {
	w.buf = pack.AppendMap(w.buf, m.Len())
	key, elem := reflect.New(p.typ.Key()), reflect.New(p.typ.Elem())
	for it := m.MapRange(); it.Next(); {
		key.Elem().SetIterKey(it)
		if err := w.value(p.key, key.UnsafePointer()); err != nil {
			return err
		}
		elem.Elem().SetIterValue(it)
		if err := w.value(p.elem, elem.UnsafePointer()); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) structure(p *plan, v unsafe.Pointer) error {
	if p.asArray {
		w.buf = pack.AppendArray(w.buf, len(p.list))
	} else {
		n := len(p.list)
		if p.omits {
			for i := range p.list {
				if p.list[i].omitted(v) {
					n--
				}
			}
		}
		w.buf = pack.AppendMap(w.buf, n)
	}
	for i := range p.list {
		f := &p.list[i]
		if !p.asArray {
			if f.omitted(v) {
				continue
			}
			w.buf = append(w.buf, f.stored...)
		}
		if err := w.value(f.plan, unsafe.Add(v, f.offset)); err != nil {
			return err
		}
	}
	return nil
}

// dynamic writes the value in an interface, if the codec supports its dynamic type.
func (w *writer) dynamic(p *plan, v unsafe.Pointer) error {
	held := reflect.NewAt(p.typ, v).Elem()
	if held.IsNil() {
		w.null()
		return nil
	}
	if p.typ == errorType {
		w.buf = pack.AppendString(w.buf, held.Interface().(error).Error())
		return nil
	}
	held = held.Elem()
	inner, err := planOf(held.Type())
	if err != nil {
		return err
	}
	if w.hops++; w.hops > maxHops {
		return tooLarge(whyDepth)
	}
	box := reflect.New(held.Type())
	box.Elem().Set(held)
	err = w.value(inner, box.UnsafePointer())
	w.hops--
	return err
}

// The functions for scalars are shared with fastType.

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, msgpcode.True)
	}
	return append(dst, msgpcode.False)
}

func appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return pack.AppendNegative(dst, n)
	}
	return pack.AppendUint(dst, uint64(n))
}

func appendFloatAt(dst []byte, v unsafe.Pointer, size uintptr) []byte {
	if size == 4 {
		return binary.BigEndian.AppendUint32(append(dst, msgpcode.Float), math.Float32bits(*(*float32)(v)))
	}
	return binary.BigEndian.AppendUint64(append(dst, msgpcode.Double), math.Float64bits(*(*float64)(v)))
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, msgpcode.Nil)
	}
	return pack.AppendBinary(dst, unsafe.String(unsafe.SliceData(b), len(b)))
}

func intAt(v unsafe.Pointer, size uintptr) int64 {
	switch size {
	case 1:
		return int64(*(*int8)(v))
	case 2:
		return int64(*(*int16)(v))
	case 4:
		return int64(*(*int32)(v))
	}
	return *(*int64)(v)
}

func uintAt(v unsafe.Pointer, size uintptr) uint64 {
	switch size {
	case 1:
		return uint64(*(*uint8)(v))
	case 2:
		return uint64(*(*uint16)(v))
	case 4:
		return uint64(*(*uint32)(v))
	}
	return *(*uint64)(v)
}

// timeCode is the msgpack extension type for timestamps. A timestamp has 4 bytes of
// seconds; or 8 bytes of nanoseconds (30 bits) and seconds; or 4 bytes of nanoseconds and
// 8 of seconds.
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
