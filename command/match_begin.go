package command

import "strings"

// begins reports whether the next word can begin an element.
func (m *matcher) begins(a *Arg) bool {
	if m.pos >= len(m.words) {
		return false
	}
	if a.Token != "" || a.Type == "pure-token" {
		return strings.EqualFold(m.words[m.pos], a.Token)
	}
	return m.bodyBegins(a)
}

// bodyBegins reports whether the next word can begin an element without its token.
func (m *matcher) bodyBegins(a *Arg) bool {
	switch a.Type {
	case "pure-token":
		return strings.EqualFold(m.words[m.pos], a.Token)
	case "oneof":
		for i := range a.Args {
			if m.begins(&a.Args[i]) {
				return true
			}
		}
		return false
	case "block":
		for i := range a.Args {
			if m.begins(&a.Args[i]) {
				return true
			}
			if !a.Args[i].Optional {
				return false
			}
		}
		return false
	default:
		return fits(a, m.words[m.pos])
	}
}

// end reports whether no word is left.
func (m *matcher) end() bool { return m.pos == len(m.words) }
