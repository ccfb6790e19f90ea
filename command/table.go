package command

import (
	"cmp"
	_ "embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./internal/generate -o builtin.txt

//go:embed builtin.txt
var builtinText string

var builtin = sync.OnceValue(func() *Spec {
	var s Spec
	if err := s.read(builtinText); err != nil {
		panic("command: builtin.txt: " + err.Error()) // a test reads it
	}
	return &s
})

// Builtin returns the commands and subcommands of Redis 7.0: names, grammars, flags,
// keys, groups, versions, categories and the formulas of their complexities. It has no
// summaries and no history; [Load] gets those from a server.
//
// Builtin and Load both correct the grammars of a few commands where the server accepts
// more than its own table says: ZINCRBY, WEIGHTS, EXPIRE and its relatives, PFMERGE and
// BITFIELD.
//
// The table is parsed at the first call, in a few milliseconds, and shared.
func Builtin() *Spec { return builtin() }

// The format of the table is lines of fields that are separated by tabs:
//
//	product version
//	c id arity since group complexity flags categories tips deprecated replaced
//	k flags begin index keyword startfrom find lastkey step limit keynum firstkey
//	a depth name type token marks since deprecated keyspec display
//
// The members of a list are separated by commas. Lines k and a belong to the line c above
// them; an a belongs to the nearest a above it whose depth is smaller by one.

// MarshalText encodes the table without summaries and history, in a stable form that
// [Spec.UnmarshalText] reads. The built-in table is stored in this form. A program can
// use it to keep a table that [Load] returned.
func (s *Spec) MarshalText() ([]byte, error) {
	var b strings.Builder
	line := func(fields ...any) {
		for i, f := range fields {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(field(f))
		}
		b.WriteByte('\n')
	}
	var arg func(depth int, a *Arg)
	arg = func(depth int, a *Arg) {
		line("a", depth, a.Name, a.Type, a.Token, a.marks(), a.Since, a.Deprecated, a.KeySpec, a.Display)
		for i := range a.Args {
			arg(depth+1, &a.Args[i])
		}
	}
	line(cmp.Or(strings.ToLower(s.Product), "redis"), s.Version)
	for _, c := range s.all {
		line("c", c.id, c.Arity, c.Since, c.Group, formulas(c.Complexity), c.Flags, c.Categories, c.Tips, c.Deprecated, s.names(c.ReplacedBy))
		for _, k := range c.KeySpecs {
			line("k", k.Flags, k.Begin, k.Index, k.Keyword, k.StartFrom, k.Find, k.LastKey, k.Step, k.Limit, k.KeyNum, k.FirstKey)
		}
		for i := range c.Args {
			arg(0, &c.Args[i])
		}
	}
	return []byte(b.String()), nil
}

var spaces = strings.NewReplacer("\t", " ", "\n", " ")

// field formats a value for one field.
func field(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case []string:
		return field(strings.Join(v, ","))
	default:
		return spaces.Replace(v.(string))
	}
}

// marks encodes an element's properties, one letter each.
func (a *Arg) marks() string {
	var b strings.Builder
	for _, m := range []struct {
		set    bool
		letter string
	}{{a.Optional, "o"}, {a.Multiple, "m"}, {a.MultipleToken, "t"}} {
		if m.set {
			b.WriteString(m.letter)
		}
	}
	return b.String()
}

var formula = regexp.MustCompile(`O\((?:[^()]|\([^()]*\))*\)`)

// formulas extracts the formulas from a complexity.
func formulas(text string) string {
	var found []string
	for _, f := range formula.FindAllString(text, -1) {
		if !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	return strings.Join(found, ", ")
}

var quoted = regexp.MustCompile("`[^`]+`")

// names extracts the names of commands from a sentence.
func (s *Spec) names(text string) string {
	found := quoted.FindAllString(text, -1)
	if found == nil {
		return text // it consists of names already
	}
	found = slices.DeleteFunc(found, func(q string) bool { _, ok := s.Lookup(strings.Trim(q, "`")); return !ok })
	return strings.ReplaceAll(strings.Join(found, ", "), "`", "")
}
