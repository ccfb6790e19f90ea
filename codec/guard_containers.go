package codec

import "github.com/desir-go/desir/internal/pack"

// container checks the elements of a container of a known type.
func (g *guard) container(p *plan, t pack.Token) error {
	n := int(t.N)
	switch {
	case p.shape == structShape && t.Class == pack.Map:
		return g.structMap(p, n)
	case p.shape == structShape && t.Class == pack.Array:
		return g.structArray(p, n)
	case p.shape == mapShape && t.Class == pack.Map:
		once, each := p.entry.forEntries(n)
		if err := g.chargeEach(n, once, each); err != nil {
			return err
		}
		return g.entries(p.key, p.elem, n)
	case p.shape == sliceShape && t.Class == pack.Array:
		once, each := p.sliceCost(n)
		if err := g.chargeEach(n, once, each); err != nil {
			return err
		}
		return g.elements(p.elem, n)
	case p.shape == arrayShape && t.Class == pack.Array:
		if n > p.len {
			return errElements
		}
		return g.elements(p.elem, n)
	}
	return p.unexpected(t)
}

func (g *guard) elements(p *plan, n int) error {
	for i := range n {
		if err := g.value(p); err != nil {
			return inElement(i, err)
		}
	}
	return nil
}

func (g *guard) entries(key, elem *plan, n int) error {
	for range n {
		if err := g.value(key); err != nil {
			return inEntry(err)
		}
		if err := g.value(elem); err != nil {
			return inEntry(err)
		}
	}
	return nil
}

// structMap checks a struct that is stored as a map. It expects the fields in the order
// in which the library writes them, and otherwise looks them up by name.
func (g *guard) structMap(p *plan, n int) error {
	for i := range n {
		if i < len(p.list) {
			if f := &p.list[i]; g.Skip(f.stored) {
				if err := g.value(f.plan); err != nil {
					return inField(f.path, err)
				}
				continue
			}
		}
		t, err := g.Next()
		if err != nil {
			return err
		}
		if !isBytes(t.Class) && t.Class != pack.Nil {
			return errName
		}
		name := g.Data[g.Pos-int(t.N) : g.Pos]
		f := p.field(name)
		if g.checkNames && f == skipped {
			return p.unknownField(name)
		}
		if err := g.value(f); err != nil {
			return inField(p.path(name), err)
		}
	}
	return nil
}

// field returns the plan of the field with a stored name, or skipped if there is none.
func (p *plan) field(name []byte) *plan {
	if f := p.byName[string(name)]; f != nil {
		return f
	}
	return skipped
}

// structArray checks a struct that is stored as an array.
func (g *guard) structArray(p *plan, n int) error {
	if n == 0 {
		return nil
	}
	if n != len(p.list) {
		return errFieldCount
	}
	for _, f := range p.list {
		if err := g.value(f.plan); err != nil {
			return inField(f.path, err)
		}
	}
	return nil
}
