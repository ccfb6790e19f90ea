package codec

// analyze returns the needs of a plan, from all plans that it refers to.
func analyze(p *plan) needs {
	s := analyzer{visiting: map[*plan]bool{}}
	s.checkCost(firstByteCost(p, 0))
	s.visit(p, 0)
	s.needs.multiValue = p.needs.multiValue
	return s.needs
}

type analyzer struct {
	needs    needs
	visiting map[*plan]bool // the plans seen; true during the visit
}

// affordablePerByte is the cost that a byte of input pays for. If no byte of a type can
// cost more, and the type cannot nest without limit, the guard accepts all its values.
const affordablePerByte = budgetPerByte - reservedPerByte - layersPerByte

func (s *analyzer) visit(p *plan, depth int) {
	if now, seen := s.visiting[p]; seen {
		if now {
			s.needs.guard = true // recursive
		}
		return
	}
	s.visiting[p] = true
	defer func() { s.visiting[p] = false }()
	if depth > maxDepth {
		s.needs.guard = true
	}
	switch p.shape {
	case anyShape:
		s.needs.guard, s.needs.sort, s.needs.normalize = true, true, true
	case customShape:
		s.needs.guard = true
	case timeShape:
		s.needs.normalize = true
	case pointerShape:
		s.visit(p.elem, depth)
	case sliceShape, arrayShape:
		s.checkCost(p.cost + firstByteCost(p.elem, 0))
		s.visit(p.elem, depth+1)
	case mapShape:
		s.needs.sort = true
		s.checkCost(p.entry.slot + p.entry.boxes + firstByteCost(p.key, 0))
		s.checkCost(firstByteCost(p.elem, 0))
		s.visit(p.key, depth+1)
		s.visit(p.elem, depth+1)
	case structShape:
		for _, f := range p.byName {
			s.checkCost(firstByteCost(f, 0))
			s.visit(f, depth+1)
		}
	}
}

func (s *analyzer) checkCost(cost int) {
	if cost > affordablePerByte {
		s.needs.guard = true
	}
}

// firstByteCost returns what the first byte of a value can cost.
func firstByteCost(p *plan, depth int) int {
	switch p.shape {
	case pointerShape:
		if depth > maxDepth {
			return p.cost
		}
		return p.cost + firstByteCost(p.elem, depth+1)
	case sliceShape:
		return sliceHead
	case mapShape:
		return p.entry.head + p.entry.group
	case blobShape, customShape:
		return hookCost
	}
	return 0
}
