package codec

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The library sorts the keys of three types of maps. The maps of other types are
// sorted here, in the bytes that it wrote: numbers by size, strings by their bytes,
// anything else by its encoding. What a struct inside an interface holds is told
// from a map by nothing, so it is sorted as well; a struct of a known type stays in
// the order of its fields, and what a type's own methods wrote stays as it is. Keys
// that would not come back as keys are refused on the way.

const (
	errMapKey  refusal = "a key of a map is no scalar, and an interface would receive it as something that is no key"
	errSameKey refusal = "two keys of a map are stored alike"
)

type sorter struct {
	reader
	scratch []byte
	keys    int // of how many maps of a known type this is in a key
}

type mapEntry struct {
	start, end int
	key        token
	from, to   int // of the key's own bytes, without its header if it is a string
}

func (p *plan) sort(data []byte) error {
	s := sorter{reader: reader{data: data}}
	return s.value(p)
}

func (s *sorter) value(p *plan) error {
	for p.shape == pointerShape {
		p = p.elem
	}
	if p.shape == codeShape {
		return s.opaque()
	}
	start := s.pos
	t, err := s.next()
	if err != nil {
		return err
	}
	free := p.shape == anyShape
	if free && s.keys > 0 && unhashable(t.class, s.data[start]) {
		return errMapKey
	}
	switch {
	case t.class == mapClass && p.shape == structShape:
		for range t.n {
			name, err := s.next()
			if err != nil {
				return err
			}
			if err := s.value(p.field(s.data[s.pos-int(name.n) : s.pos])); err != nil {
				return err
			}
		}
	case t.class == arrayClass && p.shape == structShape && int(t.n) == len(p.list):
		for _, f := range p.list {
			if err := s.value(f.plan); err != nil {
				return err
			}
		}
	case t.class == arrayClass:
		elem := p
		if !free {
			elem = p.elem
		}
		for range t.n {
			if err := s.value(elem); err != nil {
				return err
			}
		}
	case t.class == mapClass:
		return s.pairs(p, int(t.n))
	}
	return nil
}

// unhashable tells what an interface receives as a slice or a map. Bytes count too; as
// a key of a map[string]any they are a string.
func unhashable(c class, code byte) bool {
	return c == arrayClass || c == mapClass || code >= msgpcode.Bin8 && code <= msgpcode.Bin32
}

// opaque passes over one value without touching it.
func (s *sorter) opaque() error {
	due := 1
	for ; due > 0; due-- {
		t, err := s.next()
		if err != nil {
			return err
		}
		switch t.class {
		case arrayClass:
			due += int(t.n)
		case mapClass:
			due += 2 * int(t.n)
		}
	}
	return nil
}

func (s *sorter) pairs(p *plan, n int) error {
	key, elem, known := p, p, 0
	if p.shape == mapShape {
		key, elem, known = p.key, p.elem, 1
	}
	entries := make([]mapEntry, n)
	for i := range entries {
		e := &entries[i]
		e.start, e.from = s.pos, s.pos
		look := reader{s.data, s.pos}
		t, err := look.next()
		if err != nil {
			return err
		}
		s.keys += known
		if err := s.value(key); err != nil {
			return err
		}
		s.keys -= known
		e.key, e.to = t, s.pos
		if t.class == stringClass {
			e.from = e.to - int(t.n)
		}
		if err := s.value(elem); err != nil {
			return err
		}
		e.end = s.pos
	}
	if n < 2 {
		return nil
	}
	start := entries[0].start
	slices.SortFunc(entries, s.compare)
	if key.coarse() {
		if err := s.distinct(entries); err != nil {
			return err
		}
	}
	s.scratch = s.scratch[:0]
	for _, e := range entries {
		s.scratch = append(s.scratch, s.data[e.start:e.end]...)
	}
	copy(s.data[start:s.pos], s.scratch)
	return nil
}

// coarse: two keys may have the same bytes, and would come back as one.
func (p *plan) coarse() bool {
	switch p.shape {
	case anyShape, timeShape, packedShape, structShape, arrayShape:
		return true
	}
	return false
}

// distinct refuses sorted entries with keys of the same bytes.
func (s *sorter) distinct(entries []mapEntry) error {
	for i, e := range entries[1:] {
		if s.compare(entries[i], e) == 0 {
			return errSameKey
		}
	}
	return nil
}

func (s *sorter) compare(a, b mapEntry) int {
	x, y := a.key, b.key
	switch {
	case x.class == intClass && y.class == intClass:
		return cmp.Compare(int64(x.n), int64(y.n))
	case x.class == uintClass && y.class == uintClass:
		return cmp.Compare(x.n, y.n)
	case x.class != y.class:
		return cmp.Compare(x.class, y.class)
	}
	return bytes.Compare(s.data[a.from:a.to], s.data[b.from:b.to])
}
