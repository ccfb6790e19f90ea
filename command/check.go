package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shortList is how many words are checked without an allocation.
const shortList = 16

// Check reports whether the server would take args, the words behind the
// command's name, by its grammar: how many there are, the words that are options,
// the choices, numbers, as many keys as a count in front says, and what the rules of
// this package know beyond the grammar. It knows nothing of what is stored, and of
// ranges of numbers. Options may come in any order, as for the server, but each once.
//
// An argument is a string, a []byte, an integer, a float or a bool, or of a type made of
// one; it is sent as its text, a bool as 1 or 0. The error is an [*ArgError]. For a
// container, as CONFIG, the first word is the subcommand.
//
// It sends nothing, and takes about a microsecond.
func (c *Command) Check(args ...any) error {
	var buf [shortList]string
	words, err := c.texts(buf[:0], args)
	if err != nil {
		return err
	}
	return c.check(words, "")
}

// check is Check of words for servers from the version oldest on.
func (c *Command) check(words []string, oldest string) error {
	if len(c.Subcommands) > 0 && (len(words) > 0 || len(c.Args) == 0 && c.Arity < -1) {
		return c.checkSub(words, oldest)
	}
	m := matcher{words: words, count: -1, oldest: oldest}
	if c.matches(&m) {
		if m.newer != nil {
			return fmt.Errorf("%w: %s of %s came with %s", ErrTooNew, m.newer.name(), c.Name, m.newer.Since)
		}
		return nil
	}
	m = matcher{words: words, count: -1, recording: true}
	c.matches(&m)
	return m.failure(c)
}

// matches walks the grammar and asks the rules.
func (c *Command) matches(m *matcher) bool {
	if c.grammarless() || slices.Contains(lenient, c.id) {
		return c.fitsArity(m)
	}
	return m.seq(c.Args, 0) && m.end() && m.obey(c) && c.fitsArity(m)
}

// grammarless reports whether the table has no grammar of a command that has
// arguments, as for some modules.
func (c *Command) grammarless() bool { return len(c.Args) == 0 && c.Arity != c.words() }

// fitsArity compares the number of words with what the server says of it.
func (c *Command) fitsArity(m *matcher) bool {
	n := len(m.words) + c.words()
	switch {
	case c.Arity < 0 && n < -c.Arity:
		return m.fail(len(m.words), "at least %d arguments", -c.Arity-c.words())
	case c.Arity > 0 && n < c.Arity:
		return m.fail(len(m.words), "%d arguments", c.Arity-c.words())
	case c.Arity > 0 && n > c.Arity:
		m.ruled = true
		return m.fail(c.Arity-c.words(), "nothing more")
	default:
		return true
	}
}

// checkSub checks what follows a container's name.
func (c *Command) checkSub(words []string, oldest string) error {
	if len(words) > 0 {
		if sub := c.sub(words[0]); sub != nil {
			err := sub.check(words[1:], oldest)
			if wrong, ok := errors.AsType[*ArgError](err); ok {
				wrong.Pos++
			}
			return err
		}
	}
	names := make([]string, len(c.Subcommands))
	for i, s := range c.Subcommands {
		names[i] = strings.ToUpper(s.id[len(c.id)+1:])
	}
	return &ArgError{Command: c.Name, Want: "one of " + strings.Join(names, ", "), Usage: c.Usage(), missing: len(words) == 0, form: len(words) > 0}
}

// Match is a word of a command with its place in the grammar.
type Match struct {
	Arg   *Arg // of its token and of its value: a scalar or a pure token
	Token bool // it is the token, not the value
	Pos   int  // index among the arguments
}

// Parse finds the place of each word in the grammar: one Match for each
// argument behind the command's name, in their order. Its error is that of
// [Command.Check]; the words up to the wrong one have their places all the same.
func (c *Command) Parse(args ...any) ([]Match, error) {
	words, err := c.texts(nil, args)
	if err != nil {
		return nil, err
	}
	if len(c.Subcommands) > 0 && len(words) > 0 {
		if sub := c.sub(words[0]); sub != nil {
			all, err := sub.Parse(args[1:]...)
			for i := range all {
				all[i].Pos++
			}
			if wrong, ok := errors.AsType[*ArgError](err); ok {
				wrong.Pos++
			}
			return all, err
		}
	}
	m := matcher{words: words, count: -1, keep: true}
	c.matches(&m)
	return m.all, c.check(words, "")
}

// Next returns what may stand behind args: places of the grammar that would take
// one word more, those with a token first by that. It is for completion, and empty
// where args are already wrong or nothing more may come.
func (c *Command) Next(args ...any) []*Arg {
	words, err := c.texts(nil, args)
	if err != nil {
		return nil
	}
	if len(c.Subcommands) > 0 && len(words) > 0 {
		if sub := c.sub(words[0]); sub != nil {
			return sub.Next(args[1:]...)
		}
	}
	m := matcher{words: words, count: -1, recording: true}
	c.matches(&m)
	if m.at < len(words) {
		return nil
	}
	return m.could
}
