package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shortList is the number of words that are checked without an allocation.
const shortList = 16

// Check reports whether the server would accept args, the arguments after the command's
// name. It checks their number, keywords, choices, numbers, and the length of lists
// whose length an earlier argument gives. With a table of Redis 7.0 it also checks a
// few rules that the grammar cannot express, for example that ZADD does not allow GT
// with NX. Check does not know stored values, and it does not check the ranges of
// numbers. Options may be in any order, as the server allows, but each only once.
//
// An argument is a string, a []byte, an integer, a float or a bool, or of a type with
// one of these underlying types. It is sent as its text; a bool is sent as 1 or 0. The
// error is an [*ArgError]. For a container command such as CONFIG, the first argument
// is the subcommand.
//
// Check sends nothing. It takes about a microsecond.
func (c *Command) Check(args ...any) error {
	var buf [shortList]string
	words, err := c.texts(buf[:0], args)
	if err != nil {
		return err
	}
	return c.check(words, "")
}

// check is Check for words. It refuses what is newer than version oldest, if that is
// not empty.
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

// matches reports whether the words match the grammar, the rules and the arity.
func (c *Command) matches(m *matcher) bool {
	if c.grammarless() || slices.Contains(lenient, c.id) {
		return c.fitsArity(m)
	}
	return m.sequence(c.Args, 0) && m.end() && m.checkRules(c) && c.fitsArity(m)
}

// grammarless reports whether the command has arguments and the table has no grammar
// for them, as for some modules.
func (c *Command) grammarless() bool { return len(c.Args) == 0 && c.Arity != c.words() }

// fitsArity checks the number of words against the arity.
func (c *Command) fitsArity(m *matcher) bool {
	n := len(m.words) + c.words()
	switch {
	case c.Arity < 0 && n < -c.Arity:
		return m.fail(len(m.words), "at least %d arguments", -c.Arity-c.words())
	case c.Arity > 0 && n < c.Arity:
		return m.fail(len(m.words), "%d arguments", c.Arity-c.words())
	case c.Arity > 0 && n > c.Arity:
		m.ruleFailed = true
		return m.fail(c.Arity-c.words(), "nothing more")
	default:
		return true
	}
}

// checkSub checks the arguments of a container command.
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
	return &ArgError{Command: c.Name, Want: "one of " + strings.Join(names, ", "), Usage: c.Usage(), missing: len(words) == 0, maybeNewer: len(words) > 0}
}

// Match is an argument of a command with its element of the grammar.
type Match struct {
	Arg   *Arg // the element, a scalar or a pure token
	Token bool // the argument is the element's token, not its value
	Pos   int  // index of the argument
}

// Parse finds the element of the grammar for each argument after the command's name. It
// returns one Match per argument, in their order. The error is that of [Command.Check];
// in that case Parse returns the matches of the arguments before the wrong one.
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

// Next returns the elements of the grammar that can follow args, for completion in a
// shell. An element with a token accepts the token first. Next returns nil if args are
// already wrong or if they are complete.
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
	return m.candidates
}
