package command

import "strconv"

// matcher walks a grammar along the words of a command, without backtracking. It
// decides by the next word and by the smallest number of words that the rest of the
// grammar needs.
//
// Adjacent elements that begin with tokens may be in any order, as on the server. All
// other elements have their fixed place. A required element that is followed by options
// only has its fixed place, too.
type matcher struct {
	words   []string
	pos     int
	count   int // length of the next list, given by the number before it; -1: not given
	repeats int // number of enclosing repeatable elements

	oldest string // the version that has to know every element, or empty
	newer  *Arg   // the first element that is newer

	tokens  [12]*Arg // the first tokens, for the rules
	seen    int      // number of tokens
	total   int      // number of keys that a count gives
	weights int      // number of values after WEIGHTS

	keep bool // record all matches, for Parse
	all  []Match

	recording  bool   // record the reason of a failure
	at         int    // the first word that does not match
	candidates []*Arg // the elements that could be there
	want       string // a more precise description than candidates
	ruleFailed bool   // a rule or the arity failed, not the grammar
}

// sequence takes a sequence. need is the number of words that the elements after it need.
func (m *matcher) sequence(args []Arg, need int) bool {
	for i := 0; i < len(args); {
		a := &args[i]
		if a.startsWithToken {
			j := i + unorderedCount(args[i:])
			if !m.anyOrder(args[i:j], need+minWordsOf(args[j:])) {
				return false
			}
			i = j
			continue
		}
		after := need + minWordsOf(args[i+1:])
		switch {
		case m.count >= 0 && i > 0 && args[i-1].count:
			if !m.counted(&args[i-1], a) {
				return false
			}
		case a.Optional:
			if after > 0 && m.remaining()-a.minWords < after || m.stopped(a) || !m.begins(a) {
				m.expect(a)
			} else if !m.take(a, after) {
				return false
			}
		case i+1 < len(args) && lists(a, &args[i+1]):
			if !m.equalHalves(a, &args[i+1]) {
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

// unorderedCount returns how many elements at the beginning of args may be in any order:
// those that begin with tokens. If only the first one is required, it has its fixed
// place, as the unit of GEORADIUS. If two are required, all are free, as in GEOSEARCH.
func unorderedCount(args []Arg) int {
	n, must := 0, 0
	for n < len(args) && args[n].startsWithToken {
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

// minWordsOf returns the smallest number of words of a sequence.
func minWordsOf(args []Arg) (n int) {
	for i := range args {
		if !args[i].Optional {
			n += args[i].minWords
		}
	}
	return n
}

// remaining returns the number of remaining words.
func (m *matcher) remaining() int { return len(m.words) - m.pos }

// anyOrder takes adjacent elements that begin with tokens, in any order, each once.
func (m *matcher) anyOrder(args []Arg, need int) bool {
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
			if m.repeats > 0 || need > 0 && !args[i].Optional {
				break // the word may belong to the next element
			}
			return m.failTwice(&args[i])
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

// first returns the index of the first element that the next word can begin, or -1. It
// skips elements whose bits are set in but, and all after the first 64.
func (m *matcher) first(args []Arg, but uint64) int {
	for i := range min(len(args), 64) {
		if but&(1<<i) == 0 && m.begins(&args[i]) {
			return i
		}
	}
	return -1
}

// failTwice reports an option that occurs twice, or two options of one choice.
func (m *matcher) failTwice(a *Arg) bool {
	if a.Type == "oneof" && a.Token == "" {
		return m.fail(m.pos, "only one of %s", a.usageBody())
	}
	return m.fail(m.pos, "%s only once", a.name())
}

// take takes an element with its token, repeatedly if it may be repeated.
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
	m.repeats++
	for before := -1; before < 0 || m.pos > before && m.more(a, need); {
		again := before >= 0
		before = m.pos
		if again && a.MultipleToken && !m.token(a) || !m.body(a, need) {
			return false
		}
	}
	m.repeats--
	m.expect(a)
	return true
}

// more reports whether an element is repeated once more. An incomplete element is begun
// if no other element could take its first word, so that the error names it.
func (m *matcher) more(a *Arg, need int) bool {
	switch {
	case m.remaining() == 0 || need > 0 && m.remaining()-bodyLeast(a) < need:
		return false
	case a.MultipleToken:
		return m.begins(a)
	default:
		return !m.stopped(a) && m.bodyBegins(a)
	}
}

// bodyLeast returns the smallest number of words of one more repetition.
func bodyLeast(a *Arg) int {
	if a.Token != "" && a.Type != "pure-token" && !a.MultipleToken {
		return a.minWords - 1
	}
	return a.minWords
}

// stopped reports whether the next word is an option that follows a.
func (m *matcher) stopped(a *Arg) bool {
	for _, end := range a.ends {
		if m.begins(end) {
			return true
		}
	}
	return false
}

// token takes the token of an element.
func (m *matcher) token(a *Arg) bool {
	if !m.begins(a) {
		m.expect(a)
		return false
	}
	m.record(a, true)
	m.pos++
	return true
}

// body takes an element without its token.
func (m *matcher) body(a *Arg, need int) bool {
	switch a.Type {
	case "oneof":
		return m.choose(a, need)
	case "block":
		return m.sequence(a.Args, need)
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
	m.record(a, false)
	m.pos++
	return true
}

// choose takes one choice: the one whose token is next, or else the first one without a
// token that the next word can begin.
func (m *matcher) choose(a *Arg, need int) bool {
	for _, byToken := range []bool{true, false} {
		for i := range a.Args {
			choice := &a.Args[i]
			if choice.startsWithToken == byToken && m.begins(choice) && (byToken || m.remaining()-choice.minWords >= need) {
				return m.take(choice, need)
			}
		}
	}
	for i := range a.Args {
		m.expect(&a.Args[i])
	}
	return false
}
