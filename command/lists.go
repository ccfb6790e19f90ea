package command

// counted takes as many elements as the preceding number says.
func (m *matcher) counted(number, a *Arg) bool {
	n := m.count
	m.count = -1
	if a.Type == "key" {
		m.total = n
	}
	switch {
	case n == 0 && !a.Optional:
		return m.fail(m.pos-1, "at least 1 for %s", number.display())
	case n > m.left()/max(1, bodyLeast(a)):
		m.pos = len(m.words)
		m.expect(a)
		return m.fail(m.pos, "as many of %s as %s says", a.usageBody(), number.display())
	}
	for range n {
		if !m.body(a, 0) {
			return false
		}
	}
	return true
}

// lists reports whether two lists are adjacent, so that the second begins in the middle
// of the remaining words.
func lists(a, b *Arg) bool {
	return a.Multiple && b.Multiple && !b.Optional && !b.lead && len(a.Args) == 0 && len(b.Args) == 0
}

// halves takes two adjacent lists of equal length, which are all remaining words.
func (m *matcher) halves(a, b *Arg) bool {
	n := m.left()
	if n == 0 || n%2 != 0 {
		m.pos = len(m.words)
		m.expect(a)
		m.expect(b)
		return m.fail(m.pos, "as many of %s as of %s", b.Name, a.Name)
	}
	for i := range n {
		if i < n/2 {
			m.note(a, false)
		} else {
			m.note(b, false)
		}
		m.pos++
	}
	return true
}
