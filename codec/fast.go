package codec

import (
	"reflect"
	"unsafe"
)

// A fast type is a number, a string, a time, or a struct, slice or pointer of fast types.
// Values of fast types are encoded and decoded without the msgpack library too. Encoding
// writes the bytes that the library writes. Decoding is one pass that accepts the bytes
// that the library writes, and charges the budget as the guard does. All other bytes
// (fields in another order, unknown fields, numbers of another kind) are left to the
// guard and the library.

type fastOp uint8

const (
	fastBool fastOp = iota
	fastInt
	fastUint
	fastFloat
	fastString
	fastBytes
	fastTime
	fastStruct
	fastSlice
	fastPointer
)

// fastType is the memory layout of a fast type.
type fastType struct {
	op     fastOp
	plan   *plan
	size   uintptr
	elem   *fastType // of slices and pointers
	fields []fastField
}

type fastField struct {
	stored string // the name as the library writes it
	offset uintptr
	*fastType
}

// fastForm returns the form of a fast type, or nil.
func fastForm(t reflect.Type, p *plan) *form {
	c := fastCompiler{done: map[*plan]*fastType{}, writes: !p.needs.guard}
	pt := c.compile(p)
	if pt == nil {
		return nil
	}
	long := libraryForm(t, p)
	f := *long
	f.decode = func(data []byte, v unsafe.Pointer, budget int) error {
		if pt.decode(data, v, budget) {
			return nil
		}
		reflect.NewAt(t, v).Elem().SetZero() // clears what pt decoded
		return long.decode(data, v, budget)
	}
	if c.writes {
		f.append = func(dst []byte, v unsafe.Pointer) ([]byte, error) { return pt.append(dst, v), nil }
	}
	return &f
}

// fastCompiler turns plans into fast types.
type fastCompiler struct {
	done   map[*plan]*fastType // nil for a type that is not fast, or not compiled yet
	depth  int
	writes bool // every field is always written
}

// compile returns nil for a type that is not fast or contains itself.
func (c *fastCompiler) compile(p *plan) *fastType {
	if t, ok := c.done[p]; ok {
		return t
	}
	c.done[p] = nil
	if c.depth == maxDepth {
		return nil
	}
	c.depth++
	c.done[p] = c.shape(p)
	c.depth--
	return c.done[p]
}

func (c *fastCompiler) shape(p *plan) *fastType {
	t := &fastType{plan: p, size: p.typ.Size()}
	switch p.shape {
	case boolShape:
		t.op = fastBool
	case intShape:
		t.op = fastInt
	case uintShape:
		t.op = fastUint
	case floatShape:
		t.op = fastFloat
	case stringShape:
		if t.op = fastString; p.typ.Kind() == reflect.Slice {
			t.op = fastBytes
		}
	case timeShape:
		t.op = fastTime
	case structShape:
		t.op = fastStruct
		return c.structure(t)
	case sliceShape, pointerShape:
		if t.op = fastSlice; p.shape == pointerShape {
			t.op = fastPointer
		}
		if t.elem = c.compile(p.elem); t.elem == nil {
			return nil
		}
	default:
		return nil
	}
	return t
}

func (c *fastCompiler) structure(t *fastType) *fastType {
	p := t.plan
	if p.asArray {
		return nil
	}
	c.writes = c.writes && !p.omits
	for _, f := range p.list {
		elem := c.compile(f.plan)
		if elem == nil {
			return nil
		}
		t.fields = append(t.fields, fastField{f.stored, f.offset, elem})
	}
	return t
}
