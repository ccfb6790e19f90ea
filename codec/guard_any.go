package codec

import (
	"strconv"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/desir-go/desir/internal/pack"
)

const errKeys refusal = "a map inside an interface has keys that are not strings"

// any checks a value, beginning at start, that is decoded into an interface or by the
// type's own decoder. Keys of maps in an interface must be strings.
func (g *guard) any(t pack.Token, start int, stringKeys bool) error {
	switch t.Class {
	case pack.Ext:
		if g.callMethods {
			return readExtension(g.Data[start:g.Pos], g.Data[g.Pos-int(t.N)])
		}
		return g.charge(extCost)
	case pack.Array:
		return g.anySlice(int(t.N), stringKeys)
	case pack.Map:
		return g.anyMap(int(t.N), stringKeys)
	}
	return nil
}

func (g *guard) anySlice(n int, stringKeys bool) error {
	if err := g.enter(); err != nil {
		return err
	}
	if err := g.chargeEach(n, anySliceHead, anySliceElem); err != nil {
		return err
	}
	for i := range n {
		start := g.Pos
		t, err := g.Next()
		if err != nil {
			return err
		}
		if err := g.any(t, start, stringKeys); err != nil {
			return inElement(i, err)
		}
	}
	g.depth--
	return nil
}

func (g *guard) anyMap(n int, stringKeys bool) error {
	if err := g.enter(); err != nil {
		return err
	}
	once, each := anyMap.forEntries(n)
	if err := g.chargeEach(n, once, each); err != nil {
		return err
	}
	for i := range 2 * n {
		start := g.Pos
		t, err := g.Next()
		if err != nil {
			return err
		}
		if stringKeys && i%2 == 0 && !isBytes(t.Class) { // nil would be decoded as an empty string
			return errKeys
		}
		if err := g.any(t, start, stringKeys); err != nil {
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
func (g *guard) skip(t pack.Token) error {
	n := int(t.N)
	switch t.Class {
	case pack.Map:
		n *= 2
	case pack.Array:
	default:
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	for range n {
		t, err := g.Next()
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
