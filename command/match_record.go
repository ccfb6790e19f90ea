package command

import (
	"fmt"
	"slices"
	"strings"
)

// record stores the element of the next word.
func (m *matcher) record(a *Arg, token bool) {
	switch {
	case token && m.seen < len(m.tokens):
		m.tokens[m.seen] = a
		m.seen++
	case !token && a.Token == "WEIGHTS":
		m.weights++
	}
	if m.keep {
		m.all = append(m.all, Match{a, token, m.pos})
	}
}

// has reports whether the token was among the words.
func (m *matcher) has(token string) bool {
	for _, a := range m.tokens[:m.seen] {
		if a.Token == token {
			return true
		}
	}
	return false
}

// expect records an element that could be at the next word.
func (m *matcher) expect(a *Arg) {
	if !m.recording || m.want != "" {
		return
	}
	if m.pos > m.at || m.candidates == nil {
		m.at, m.candidates = m.pos, nil
	}
	if m.pos == m.at && !slices.Contains(m.candidates, a) {
		m.candidates = append(m.candidates, a)
	}
}

// expectValue records that the next word must be the value of a.
func (m *matcher) expectValue(a *Arg) {
	if m.recording && m.want == "" {
		m.expect(a)
		m.at, m.want = m.pos, wanted(a)
	}
}

// fail records what is expected at a word. It returns false.
func (m *matcher) fail(at int, format string, args ...any) bool {
	if m.recording && m.want == "" {
		m.at, m.want = at, fmt.Sprintf(format, args...)
	}
	return false
}

// failure returns the error of a recorded walk.
func (m *matcher) failure(c *Command) *ArgError {
	e := &ArgError{Command: c.Name, Pos: m.at, Want: m.want, Usage: c.Usage()}
	defer func() {
		e.missing = e.Pos >= len(m.words) && !m.ruleFailed
		e.maybeNewer = m.ruleFailed || !e.missing && m.want == ""
	}()
	if m.want != "" {
		return e
	}
	if m.pos > m.at || m.candidates == nil {
		e.Pos, e.Want = m.pos, "nothing more"
		return e
	}
	var names []string
	optional := m.at < len(m.words)
	for _, a := range m.candidates {
		if name := a.opening(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		optional = optional && a.Optional
	}
	e.Want = strings.Join(names, ", ")
	if optional {
		e.Want += " or nothing more"
	}
	return e
}
