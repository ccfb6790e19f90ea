package command

import "strconv"

// matcher walks a grammar along the words of a command, without ever going
// back: what a place takes is decided by the next word and by how many words the
// rest needs at least.
//
// Neighbours that begin with tokens may come in any order, as the server takes
// them; everything else stands where the grammar has it, and so does one that must
// come and has only options behind it.
type matcher struct {
	words []string
	pos   int
	count int // how many of the next element there are, by a number in front; -1: none
	loops int // elements under way that may be repeated

	oldest string // the version that every place has to be as old as, or empty
	newer  *Arg   // the first one that is not

	tokens  [12]*Arg // seen, for the rules; more are not kept
	seen    int
	total   int // keys that a count announced
	weights int // values behind WEIGHTS

	keep bool // all places, for Parse
	all  []Match

	recording bool   // why it fails
	at        int    // the word that could not be taken,
	could     []*Arg // and what could have stood there
	want      string // says it better
	ruled     bool   // a rule or the arity refuses it, not the grammar
}

// seq takes a sequence; need is how many words what follows it needs.
func (m *matcher) seq(args []Arg, need int) bool {
	for i := 0; i < len(args); {
		a := &args[i]
		if a.lead {
			j := i + neighbours(args[i:])
			if !m.run(args[i:j], need+needs(args[j:])) {
				return false
			}
			i = j
			continue
		}
		after := need + needs(args[i+1:])
		switch {
		case m.count >= 0 && i > 0 && args[i-1].count:
			if !m.counted(&args[i-1], a) {
				return false
			}
		case a.Optional:
			if after > 0 && m.left()-a.least < after || m.stopped(a) || !m.begins(a) {
				m.expect(a)
			} else if !m.take(a, after) {
				return false
			}
		case i+1 < len(args) && lists(a, &args[i+1]):
			if !m.halves(a, &args[i+1]) {
				return false
			}
			i++
		case !m.take(a, after):
			return false
		}
		i++
	}
	return true
}

// neighbours is how many elements at the beginning of args may come in any
// order: those that begin with tokens. One that must come stands in place if the others
// are options, as the unit of GEORADIUS; another that must come frees it, as in GEOSEARCH.
func neighbours(args []Arg) int {
	n, must := 0, 0
	for n < len(args) && args[n].lead {
		if !args[n].Optional {
			must++
		}
		n++
	}
	if must == 1 && !args[0].Optional {
		return 1
	}
	return n
}

// needs is how many words a sequence needs at least.
func needs(args []Arg) (n int) {
	for i := range args {
		if !args[i].Optional {
			n += args[i].least
		}
	}
	return n
}

// left is how many words there still are.
func (m *matcher) left() int { return len(m.words) - m.pos }

// run takes neighbours that begin with tokens, in any order, each once.
func (m *matcher) run(args []Arg, need int) bool {
	var taken uint64
	for m.pos < len(m.words) {
		i := m.first(args, taken)
		if i < 0 {
			i = m.first(args, ^taken)
		}
		if i < 0 {
			break
		}
		if taken&(1<<i) != 0 {
			if m.loops > 0 || need > 0 && !args[i].Optional {
				break // it may be a word of what follows
			}
			return m.again(&args[i])
		}
		taken |= 1 << i
		if !m.take(&args[i], need) {
			return false
		}
	}
	missing := false
	for i := range args {
		if i < 64 && taken&(1<<i) == 0 {
			m.expect(&args[i])
			missing = missing || !args[i].Optional
		}
	}
	return !missing
}

// first returns the first element that the next word may begin, or -1. It passes
// over those whose bits are set, and over the sixty-fifth and later ones.
func (m *matcher) first(args []Arg, but uint64) int {
	for i := range min(len(args), 64) {
		if but&(1<<i) == 0 && m.begins(&args[i]) {
			return i
		}
	}
	return -1
}

// again says that an option came twice, or two of a choice.
func (m *matcher) again(a *Arg) bool {
	if a.Type == "oneof" && a.Token == "" {
		return m.fail(m.pos, "only one of %s", a.usageBody())
	}
	return m.fail(m.pos, "%s only once", a.name())
}

// take takes an element with its token, once or as often as it comes.
func (m *matcher) take(a *Arg, need int) bool {
	if m.oldest != "" && m.newer == nil && older(m.oldest, a.Since) {
		m.newer = a
	}
	if a.Token != "" && a.Type != "pure-token" && !m.token(a) {
		return false
	}
	if !a.Multiple {
		return m.body(a, need)
	}
	m.loops++
	for before := -1; before < 0 || m.pos > before && m.more(a, need); {
		again := before >= 0
		before = m.pos
		if again && a.MultipleToken && !m.token(a) || !m.body(a, need) {
			return false
		}
	}
	m.loops--
	m.expect(a)
	return true
}

// more reports whether an element comes once more. One that lacks a word is
// begun all the same where nothing else could take its first one: then that is
// what is wrong.
func (m *matcher) more(a *Arg, need int) bool {
	switch {
	case m.left() == 0 || need > 0 && m.left()-bodyLeast(a) < need:
		return false
	case a.MultipleToken:
		return m.begins(a)
	default:
		return !m.stopped(a) && m.bodyBegins(a)
	}
}

// bodyLeast is how many words one more of a needs.
func bodyLeast(a *Arg) int {
	if a.Token != "" && a.Type != "pure-token" && !a.MultipleToken {
		return a.least - 1
	}
	return a.least
}

// stopped reports whether the next word is an option that comes behind a.
func (m *matcher) stopped(a *Arg) bool {
	for _, end := range a.ends {
		if m.begins(end) {
			return true
		}
	}
	return false
}

// token takes the token in front of an element.
func (m *matcher) token(a *Arg) bool {
	if !m.begins(a) {
		m.expect(a)
		return false
	}
	m.note(a, true)
	m.pos++
	return true
}

// body takes an element behind its token.
func (m *matcher) body(a *Arg, need int) bool {
	switch a.Type {
	case "oneof":
		return m.choose(a, need)
	case "block":
		return m.seq(a.Args, need)
	case "pure-token":
		return m.token(a)
	}
	if m.pos >= len(m.words) || !fits(a, m.words[m.pos]) {
		m.expectValue(a)
		return false
	}
	if a.count {
		n, err := strconv.Atoi(m.words[m.pos])
		if err != nil || n < 0 {
			return m.fail(m.pos, "0 or more for %s", a.display())
		}
		m.count = n
	}
	m.note(a, false)
	m.pos++
	return true
}

// choose takes one of some choices: the one whose token is next, else the first
// without a token that the next word may begin.
func (m *matcher) choose(a *Arg, need int) bool {
	for _, lead := range []bool{true, false} {
		for i := range a.Args {
			choice := &a.Args[i]
			if choice.lead == lead && m.begins(choice) && (lead || m.left()-choice.least >= need) {
				return m.take(choice, need)
			}
		}
	}
	for i := range a.Args {
		m.expect(&a.Args[i])
	}
	return false
}
