package codec

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/desir-go/desir/internal/pack"
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
	pack.Tokens
	buf    []byte
	inKeys int // the number of maps of a known type whose key contains the current value
}

type mapEntry struct {
	start, end int
	key        pack.Token
	from, to   int // the bytes of the key, without its header if it is a string
}

func (p *plan) sort(data []byte) error {
	s := sorter{Tokens: pack.Tokens{Data: data}}
	return s.value(p)
}

func (s *sorter) value(p *plan) error {
	for p.shape == pointerShape {
		p = p.elem
	}
	if p.shape == customShape {
		return s.opaque()
	}
	t, err := s.Next()
	if err != nil {
		return err
	}
	isInterface := p.shape == anyShape
	if isInterface && s.inKeys > 0 && unhashable(t.Class) {
		return errMapKey
	}
	switch {
	case t.Class == pack.Map && p.shape == structShape:
		for range t.N {
			name, err := s.Next()
			if err != nil {
				return err
			}
			if err := s.value(p.field(s.Data[s.Pos-int(name.N) : s.Pos])); err != nil {
				return err
			}
		}
	case t.Class == pack.Array && p.shape == structShape && int(t.N) == len(p.list):
		for _, f := range p.list {
			if err := s.value(f.plan); err != nil {
				return err
			}
		}
	case t.Class == pack.Array:
		elem := p
		if !isInterface {
			elem = p.elem
		}
		for range t.N {
			if err := s.value(elem); err != nil {
				return err
			}
		}
	case t.Class == pack.Map:
		return s.entries(p, int(t.N))
	}
	return nil
}

// unhashable reports whether an interface decodes a value as a slice, a map or bytes.
// Bytes as a key of a map[string]any are decoded as a string.
func unhashable(c pack.Class) bool {
	return c == pack.Array || c == pack.Map || c == pack.Binary
}

// opaque skips one value without changing it.
func (s *sorter) opaque() error {
	due := 1
	for ; due > 0; due-- {
		t, err := s.Next()
		if err != nil {
			return err
		}
		switch t.Class {
		case pack.Array:
			due += int(t.N)
		case pack.Map:
			due += 2 * int(t.N)
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
		e.start, e.from = s.Pos, s.Pos
		look := s.Tokens
		t, err := look.Next()
		if err != nil {
			return err
		}
		s.inKeys += known
		if err := s.value(key); err != nil {
			return err
		}
		s.inKeys -= known
		e.key, e.to = t, s.Pos
		if isBytes(t.Class) {
			e.key.Class, e.from = pack.String, e.to-int(t.N) // the two classes sort as one
		}
		if err := s.value(elem); err != nil {
			return err
		}
		e.end = s.Pos
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
		s.buf = append(s.buf, s.Data[e.start:e.end]...)
	}
	copy(s.Data[start:s.Pos], s.buf)
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
	case x.Class == pack.Int && y.Class == pack.Int:
		return cmp.Compare(int64(x.N), int64(y.N))
	case x.Class == pack.Uint && y.Class == pack.Uint:
		return cmp.Compare(x.N, y.N)
	case x.Class != y.Class:
		return cmp.Compare(x.Class, y.Class)
	}
	return bytes.Compare(s.Data[a.from:a.to], s.Data[b.from:b.to])
}
