package codec

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The keys of maps are sorted in the encoded bytes: numbers by size, strings by their
// bytes, and other keys by their encoding. A struct inside an interface has the same
// encoding as a map, so its fields are sorted too. A struct of a known type keeps the
// order of its fields. Bytes that a type's own methods wrote are not changed. Keys that
// could not be decoded as keys are refused.

const (
	errMapKey  refusal = "a key of a map is not a scalar, and an interface would decode it as a value that cannot be a key"
	errSameKey refusal = "two keys of a map have the same bytes"
)

type sorter struct {
	reader
	buf    []byte
	inKeys int // the number of maps of a known type whose key contains the current value
}

type mapEntry struct {
	start, end int
	key        token
	from, to   int // the bytes of the key, without its header if it is a string
}

func (p *plan) sort(data []byte) error {
	s := sorter{reader: reader{data: data}}
	return s.value(p)
}

func (s *sorter) value(p *plan) error {
	for p.shape == pointerShape {
		p = p.elem
	}
	if p.shape == customShape {
		return s.opaque()
	}
	start := s.pos
	t, err := s.next()
	if err != nil {
		return err
	}
	isInterface := p.shape == anyShape
	if isInterface && s.inKeys > 0 && unhashable(t.class, s.data[start]) {
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
		if !isInterface {
			elem = p.elem
		}
		for range t.n {
			if err := s.value(elem); err != nil {
				return err
			}
		}
	case t.class == mapClass:
		return s.entries(p, int(t.n))
	}
	return nil
}

// unhashable reports whether an interface decodes a value as a slice, a map or bytes.
// Bytes as a key of a map[string]any are decoded as a string.
func unhashable(c class, code byte) bool {
	return c == arrayClass || c == mapClass || code >= msgpcode.Bin8 && code <= msgpcode.Bin32
}

// opaque skips one value without changing it.
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

func (s *sorter) entries(p *plan, n int) error {
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
		s.inKeys += known
		if err := s.value(key); err != nil {
			return err
		}
		s.inKeys -= known
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
	if key.mayCollide() {
		if err := s.checkDistinct(entries); err != nil {
			return err
		}
	}
	s.buf = s.buf[:0]
	for _, e := range entries {
		s.buf = append(s.buf, s.data[e.start:e.end]...)
	}
	copy(s.data[start:s.pos], s.buf)
	return nil
}

// mayCollide reports whether two different keys may have the same bytes.
func (p *plan) mayCollide() bool {
	switch p.shape {
	case anyShape, timeShape, blobShape, structShape, arrayShape:
		return true
	}
	return false
}

// checkDistinct refuses sorted entries with keys of the same bytes.
func (s *sorter) checkDistinct(entries []mapEntry) error {
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
