package command

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Spec is a table of commands. It is immutable and safe for concurrent use.
type Spec struct {
	Product string // the server it comes from, "Redis" or "Valkey"; empty if the server does not say
	Version string // the version of that server, "7.0.15"

	all []*Command          // sorted by id; subcommands follow their container
	ids map[string]*Command // by id
}

// newSpec makes a table of commands whose ids and grammars are set.
func newSpec(product, version string, commands []*Command) *Spec {
	s := &Spec{Product: product, Version: version, ids: make(map[string]*Command, len(commands))}
	for _, c := range commands {
		if c.id == "" || s.ids[c.id] != nil {
			continue
		}
		s.ids[c.id] = c
		s.all = append(s.all, c)
	}
	slices.SortFunc(s.all, func(a, b *Command) int { return cmp.Compare(a.id, b.id) })
	for _, c := range s.all {
		c.Name = display(c.id)
		c.correct()
		prepare(c.Args)
		setEnds(c.Args, nil)
		if name, _, ok := strings.Cut(c.id, "|"); ok && s.ids[name] != nil {
			s.ids[name].Subcommands = append(s.ids[name].Subcommands, c)
		}
	}
	s.setRules()
	return s
}

// prepare computes the derived fields of the grammar and returns the smallest number of
// words that args need.
func prepare(args []Arg) (words int) {
	for i := range args {
		a := &args[i]
		inner := prepare(a.Args)
		a.startsWithToken = a.Type == "pure-token" || a.Token != ""
		switch a.Type {
		case "pure-token":
			a.minWords = 1
		case "oneof":
			a.minWords, a.startsWithToken = shortest(a.Args), a.startsWithToken || allStartWithToken(a.Args)
		case "block":
			a.minWords = inner
			a.startsWithToken = a.startsWithToken || sequenceStartsWithToken(a.Args)
		default:
			a.minWords = 1
		}
		if a.Token != "" && a.Type != "pure-token" {
			a.minWords++
		}
		if !a.Optional {
			words += a.minWords
		}
		a.count = a.Type == "integer" && strings.HasPrefix(a.Name, "num") && i+1 < len(args) && args[i+1].Multiple && args[i+1].Token == ""
	}
	return words
}

// setEnds sets, for each element that needs them, the options that may directly follow
// it. outer are the options after the whole sequence.
func setEnds(args []Arg, outer []*Arg) {
	for i := range args {
		a := &args[i]
		if len(a.Args) == 0 && !a.Multiple && (!a.Optional || a.startsWithToken) {
			continue // the matcher does not use them
		}
		ends := leadingOptions(args[i+1:], outer)
		if a.Multiple || a.Optional && !a.startsWithToken {
			a.ends = ends
		}
		if a.Type == "oneof" {
			for j := range a.Args {
				setEnds(a.Args[j:j+1], ends)
			}
			continue
		}
		setEnds(a.Args, ends)
	}
}

// leadingOptions returns the options at the beginning of a sequence, and outer as well if
// the sequence has nothing else.
func leadingOptions(args []Arg, outer []*Arg) (options []*Arg) {
	for i := range args {
		if !args[i].startsWithToken {
			return options
		}
		if args[i].Optional {
			options = append(options, &args[i])
		}
	}
	return append(options, outer...)
}

// shortest returns the number of words of the shortest choice.
func shortest(choices []Arg) int {
	if len(choices) == 0 {
		return 0
	}
	return slices.MinFunc(choices, func(a, b Arg) int { return a.minWords - b.minWords }).minWords
}

// allStartWithToken reports whether every choice begins with a token.
func allStartWithToken(choices []Arg) bool {
	return len(choices) > 0 && !slices.ContainsFunc(choices, func(a Arg) bool { return !a.startsWithToken })
}

// sequenceStartsWithToken reports whether a sequence begins with a token, whichever
// options are left out.
func sequenceStartsWithToken(parts []Arg) bool {
	for i := range parts {
		if !parts[i].startsWithToken {
			return false
		}
		if !parts[i].Optional {
			return true
		}
	}
	return len(parts) > 0
}

// Lookup returns the command with the given name, in upper or lower case. A subcommand
// has its full name: "set", "config get", "CONFIG|GET".
func (s *Spec) Lookup(name string) (*Command, bool) {
	if c := s.ids[name]; c != nil {
		return c, true
	}
	c := s.ids[idOf(name)]
	return c, c != nil
}

// idOf returns a name in the server's form: "config|get".
func idOf(name string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '|' || r == '\t' }), "|"))
}

// resolve returns the command that words call, and the number of words in its name. For
// a container with an unknown subcommand it returns the container.
func (s *Spec) resolve(words []string) (*Command, int) {
	c, ok := s.Lookup(words[0])
	if !ok || c.words() > 1 {
		return nil, 1
	}
	if len(words) > 1 && len(c.Subcommands) > 0 {
		if sub := c.sub(words[1]); sub != nil {
			return sub, 2
		}
	}
	return c, 1
}

// All returns an iterator over all commands and subcommands, sorted by name.
func (s *Spec) All() iter.Seq[*Command] { return slices.Values(s.all) }

// eachName yields the names of all commands.
func (s *Spec) eachName(yield func(string) bool) {
	for _, c := range s.all {
		if !yield(c.Name) {
			return
		}
	}
}
