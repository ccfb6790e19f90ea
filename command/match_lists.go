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
	case n > m.remaining()/max(1, bodyLeast(a)):
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
	return a.Multiple && b.Multiple && !b.Optional && !b.startsWithToken && len(a.Args) == 0 && len(b.Args) == 0
}

// equalHalves takes two adjacent lists of equal length, which are all remaining words.
func (m *matcher) equalHalves(a, b *Arg) bool {
	n := m.remaining()
	if n == 0 || n%2 != 0 {
		m.pos = len(m.words)
		m.expect(a)
		m.expect(b)
		return m.fail(m.pos, "as many of %s as of %s", b.Name, a.Name)
	}
	for i := range n {
		if i < n/2 {
			m.record(a, false)
		} else {
			m.record(b, false)
		}
		m.pos++
	}
	return true
}
