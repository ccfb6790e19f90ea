package codec

import (
	"reflect"
	"unsafe"
)

// A plain type is a number, a string, a time, or a struct, slice or pointer of plain
// types. Values of plain types are encoded and decoded without the msgpack library too.
// Encoding writes the bytes that the library writes. Decoding is one pass that accepts
// the bytes that the library writes, and charges room as the guard does. All other bytes
// (fields in another order, unknown fields, numbers of another kind) are left to the
// guard and the library.

type plainOp uint8

const (
	plainBool plainOp = iota
	plainInt
	plainUint
	plainFloat
	plainString
	plainBytes
	plainTime
	plainStruct
	plainSlice
	plainPointer
)

// plainType is the memory layout of a plain type.
type plainType struct {
	op     plainOp
	plan   *plan
	size   uintptr
	elem   *plainType // of slices and pointers
	fields []plainField
}

type plainField struct {
	stored string // the name as the library writes it
	offset uintptr
	*plainType
}

// plainForm returns the form of a plain type, or nil.
func plainForm(t reflect.Type, p *plan) *form {
	c := plainCompiler{done: map[*plan]*plainType{}, writes: !p.traits.checked}
	pt := c.compile(p)
	if pt == nil {
		return nil
	}
	long := libraryForm(t, p)
	f := *long
	f.decode = func(data []byte, v unsafe.Pointer, room int) error {
		if pt.decode(data, v, room) {
			return nil
		}
		reflect.NewAt(t, v).Elem().SetZero() // clears what pt decoded
		return long.decode(data, v, room)
	}
	if c.writes {
		f.append = func(dst []byte, v unsafe.Pointer) ([]byte, error) { return pt.append(dst, v), nil }
	}
	return &f
}

// plainCompiler turns plans into plain types.
type plainCompiler struct {
	done   map[*plan]*plainType // nil for a type that is not plain, or not compiled yet
	depth  int
	writes bool // every field is always written
}

// compile returns nil for a type that is not plain or contains itself.
func (c *plainCompiler) compile(p *plan) *plainType {
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

func (c *plainCompiler) shape(p *plan) *plainType {
	t := &plainType{plan: p, size: p.typ.Size()}
	switch p.shape {
	case boolShape:
		t.op = plainBool
	case intShape:
		t.op = plainInt
	case uintShape:
		t.op = plainUint
	case floatShape:
		t.op = plainFloat
	case stringShape:
		if t.op = plainString; p.typ.Kind() == reflect.Slice {
			t.op = plainBytes
		}
	case timeShape:
		t.op = plainTime
	case structShape:
		t.op = plainStruct
		return c.structure(t)
	case sliceShape, pointerShape:
		if t.op = plainSlice; p.shape == pointerShape {
			t.op = plainPointer
		}
		if t.elem = c.compile(p.elem); t.elem == nil {
			return nil
		}
	default:
		return nil
	}
	return t
}

func (c *plainCompiler) structure(t *plainType) *plainType {
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
		t.fields = append(t.fields, plainField{f.stored, f.offset, elem})
	}
	return t
}
