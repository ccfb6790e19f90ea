package codec

import (
	"strconv"

	"github.com/vmihailenco/msgpack/v5"
)

const errKeys refusal = "a map inside an interface has keys that are not strings"

// any checks a value, beginning at start, that is decoded into an interface or by the
// type's own decoder. keys is the class that keys of maps must have: strings for an
// interface.
func (g *guard) any(t token, start int, keys class) error {
	switch t.class {
	case extClass:
		if g.callMethods {
			return readExtension(g.data[start:g.pos], g.data[g.pos-int(t.n)])
		}
		return g.charge(extCost)
	case arrayClass:
		return g.anySlice(int(t.n), keys)
	case mapClass:
		return g.anyMap(int(t.n), keys)
	}
	return nil
}

func (g *guard) anySlice(n int, keys class) error {
	if err := g.enter(); err != nil {
		return err
	}
	if err := g.chargeEach(n, anySliceHead, anySliceElem); err != nil {
		return err
	}
	for i := range n {
		start := g.pos
		t, err := g.next()
		if err != nil {
			return err
		}
		if err := g.any(t, start, keys); err != nil {
			return inElement(i, err)
		}
	}
	g.depth--
	return nil
}

func (g *guard) anyMap(n int, keys class) error {
	if err := g.enter(); err != nil {
		return err
	}
	once, each := anyMap.forEntries(n)
	if err := g.chargeEach(n, once, each); err != nil {
		return err
	}
	for i := range 2 * n {
		start := g.pos
		t, err := g.next()
		if err != nil {
			return err
		}
		if keys != anyClass && i%2 == 0 && t.class != keys { // nil would be decoded as an empty string
			return errKeys
		}
		if err := g.any(t, start, keys); err != nil {
			return inEntry(err)
		}
	}
	g.depth--
	return nil
}

// readExtension decodes an extension with the library, where programs register
// extensions.
func readExtension(data []byte, code byte) error {
	var v any
	if err := msgpack.Unmarshal(data, &v); err != nil {
		return refusal("an extension of type " + strconv.Itoa(int(int8(code))) + ", which is not registered")
	}
	return nil
}

// skip checks the value of a field that the struct does not have. Decoding discards it.
func (g *guard) skip(t token) error {
	n := int(t.n)
	switch t.class {
	case mapClass:
		n *= 2
	case arrayClass:
	default:
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	for range n {
		t, err := g.next()
		if err != nil {
			return err
		}
		if err := g.skip(t); err != nil {
			return err
		}
	}
	g.depth--
	return nil
}
