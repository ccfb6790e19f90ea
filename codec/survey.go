package codec

// survey returns the traits of a plan, from all plans that it refers to.
func survey(p *plan) traits {
	s := surveyor{on: map[*plan]bool{}}
	s.afford(load(p, 0))
	s.visit(p, 0)
	s.traits.codes = p.traits.codes
	return s.traits
}

type surveyor struct {
	traits traits
	on     map[*plan]bool // the plans seen; true during the visit
}

// perByte is the cost that a byte of input pays for. If no byte of a type can cost more,
// and the type cannot nest without limit, the guard accepts all its values.
const perByte = roomPerByte - reservedPerByte - layersPerByte

func (s *surveyor) visit(p *plan, depth int) {
	if visiting, seen := s.on[p]; seen {
		if visiting {
			s.traits.checked = true // recursive
		}
		return
	}
	s.on[p] = true
	defer func() { s.on[p] = false }()
	if depth > maxDepth {
		s.traits.checked = true
	}
	switch p.shape {
	case anyShape:
		s.traits.checked, s.traits.sorted, s.traits.settles = true, true, true
	case codeShape:
		s.traits.checked = true
	case timeShape:
		s.traits.settles = true
	case pointerShape:
		s.visit(p.elem, depth)
	case sliceShape, arrayShape:
		s.afford(p.cost + load(p.elem, 0))
		s.visit(p.elem, depth+1)
	case mapShape:
		s.traits.sorted = true
		s.afford(p.entry.slot + p.entry.boxes + load(p.key, 0))
		s.afford(load(p.elem, 0))
		s.visit(p.key, depth+1)
		s.visit(p.elem, depth+1)
	case structShape:
		for _, f := range p.fields {
			s.afford(load(f, 0))
			s.visit(f, depth+1)
		}
	}
}

func (s *surveyor) afford(cost int) {
	if cost > perByte {
		s.traits.checked = true
	}
}

// load returns what the first byte of a value can cost.
func load(p *plan, depth int) int {
	switch p.shape {
	case pointerShape:
		if depth > maxDepth {
			return p.cost
		}
		return p.cost + load(p.elem, depth+1)
	case sliceShape:
		return sliceHead
	case mapShape:
		return p.entry.head + p.entry.group
	case packedShape, codeShape:
		return hookCost
	}
	return 0
}
