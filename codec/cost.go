package codec

import "reflect"

// What decoding allocates for an element, as measured and then rounded up. The
// guard adds these up; what they leave out (the bytes of strings, numbers in
// boxes, the decoder itself) is covered by what room takes off in advance.

const (
	maxDepth = 64

	// reserved of the room are a decoder and its buffers, and per byte of input the
	// bytes of strings, which are copied up to six times while a buffer grows, and
	// numbers in boxes.
	reservedBase    = 64 << 10
	reservedPerByte = 32

	sliceHead = 96 // a slice header in a box, and its reflection
	hookCost  = 64 // a value handed to a type's own methods
	extCost   = 256
	editCost  = 120 // its place in a list that grows, and twice the bytes of the copy

	anySliceHead = 32
	anySliceElem = 20

	presized = 1_000_000 // the library makes room for so many elements at once
)

// rounded is the memory that one allocation of n bytes may take: size classes
// waste an eighth, pages up to a quarter.
func rounded(n uintptr) int {
	if n == 0 {
		return 0
	}
	return int(n) + int(n)/4 + 8
}

// sliceCost is what an element costs in a slice. The library makes a slice of the
// new elements and appends it to the old slice, so each is there twice.
func sliceCost(t reflect.Type) int {
	size := int(t.Elem().Size())
	if t.Elem() == reflect.TypeFor[string]() {
		return size + size/4
	}
	return 2*size + size/2
}

// entryCost is what the entries of a map cost: Go's maps keep them in groups of
// eight, and double when seven eighths of the places are taken.
type entryCost struct {
	head  int // of any map
	group int // of a map of one to eight entries
	slot  int // of each entry of a larger one
	boxes int // each entry: keys and values that are made outside of the map first
}

func mapCost(t reflect.Type) entryCost {
	const inline = 128 // larger keys and values stand outside of the map
	c := entryCost{head: 96}
	slot := 0
	for _, part := range []reflect.Type{t.Key(), t.Elem()} {
		size := part.Size()
		if size > inline {
			c.boxes += rounded(size)
			size = 8
		}
		slot += int(size)
	}
	switch t {
	case reflect.TypeFor[map[string]string](), reflect.TypeFor[map[string]any]():
	default:
		c.boxes += rounded(t.Key().Size()) + rounded(t.Elem().Size())
	}
	c.group = rounded(uintptr(8 + 8*slot))
	c.slot = 3*slot + 8
	return c
}

// anyMap is the map that an interface gets.
var anyMap = mapCost(reflect.TypeFor[map[string]any]())

// of is what a map of n entries costs once, and for each of them.
func (c *entryCost) of(n int) (once, each int) {
	switch {
	case n == 0:
		return c.head, 0
	case n <= 8:
		return c.head + c.group, c.boxes
	case n <= presized:
		return c.head + c.group, c.slot + c.boxes
	}
	return c.head + c.group, 3*c.slot + c.boxes // grows beyond what was made at once
}

// sliceCost is what a slice of n elements costs once, and for each of them.
func (p *plan) sliceCost(n int) (once, each int) {
	if n > presized && p.typ.Elem() == reflect.TypeFor[string]() {
		return sliceHead, 8 * 16 // the only slice that the library grows step by step
	}
	return sliceHead, p.cost
}
