package codec

import "reflect"

// The memory that decoding allocates for an element, measured and rounded up. The guard
// adds these costs up. Costs that they do not include (bytes of strings, boxed numbers,
// the decoder) are covered by the reserved part of the budget.

const (
	maxDepth = 64

	// The part of the budget for a decoder and its buffers, and per byte of input for
	// boxed numbers and the bytes of strings, which are copied up to six times while a
	// buffer grows.
	reservedBase    = 64 << 10
	reservedPerByte = 32

	sliceHead = 96 // a boxed slice header, and its reflect.Value
	hookCost  = 64 // a value passed to a type's own methods
	extCost   = 256
	editCost  = 120 // an entry in a growing slice, and twice the bytes of the copy

	anySliceHead = 32
	anySliceElem = 20

	maxPresized = 1_000_000 // the most elements for which the library allocates memory at once
)

// allocCost returns the memory that one allocation of n bytes may take. Size classes
// waste an eighth, pages up to a quarter.
func allocCost(n uintptr) int {
	if n == 0 {
		return 0
	}
	return int(n) + int(n)/4 + 8
}

// sliceCost returns the cost of an element of a slice. The library makes a slice of the
// new elements and appends it to the old slice, so each element is allocated twice.
func sliceCost(t reflect.Type) int {
	size := int(t.Elem().Size())
	if t.Elem() == reflect.TypeFor[string]() {
		return size + size/4
	}
	return 2*size + size/2
}

// entryCost is the cost of the entries of a map. Go's maps keep entries in groups of
// eight, and double when seven eighths of the slots are taken.
type entryCost struct {
	head  int // of every map
	group int // of a map of one to eight entries
	slot  int // of each entry of a larger map
	boxes int // of each entry: keys and values are allocated outside the map first
}

func mapCost(t reflect.Type) entryCost {
	const inline = 128 // larger keys and values are stored outside the map
	c := entryCost{head: 96}
	slot := 0
	for _, part := range []reflect.Type{t.Key(), t.Elem()} {
		size := part.Size()
		if size > inline {
			c.boxes += allocCost(size)
			size = 8
		}
		slot += int(size)
	}
	switch t {
	case reflect.TypeFor[map[string]string](), reflect.TypeFor[map[string]any]():
	default:
		c.boxes += allocCost(t.Key().Size()) + allocCost(t.Elem().Size())
	}
	c.group = allocCost(uintptr(8 + 8*slot))
	c.slot = 3*slot + 8
	return c
}

// anyMap is the cost of a map that is decoded into an interface.
var anyMap = mapCost(reflect.TypeFor[map[string]any]())

// forEntries returns the cost of a map of n entries, and of each of its entries.
func (c *entryCost) forEntries(n int) (once, each int) {
	switch {
	case n == 0:
		return c.head, 0
	case n <= 8:
		return c.head + c.group, c.boxes
	case n <= maxPresized:
		return c.head + c.group, c.slot + c.boxes
	}
	return c.head + c.group, 3*c.slot + c.boxes // grows beyond its first size
}

// sliceCost returns the cost of a slice of n elements, and of each of its elements.
func (p *plan) sliceCost(n int) (once, each int) {
	if n > maxPresized && p.typ.Elem() == reflect.TypeFor[string]() {
		return sliceHead, 8 * 16 // the only slice that the library grows in steps
	}
	return sliceHead, p.cost
}
