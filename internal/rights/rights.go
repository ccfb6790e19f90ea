// Package rights says which of Redis' access rules a program needs for a role at an object:
// the sender of a Chan, the reader of a Map. Its tests prove the table on real servers: a role
// with these rules can do all that it is for, and every rule is needed.
//
// The rules are those of https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/.
package rights

//go:generate go test . -run TestPage -update

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/keys"
)

// Role is what a program does with an object of a type.
type Role struct {
	Type, Name string
	Does       string // the methods, in words
	Where             // what it needs
	Spared     Where  // rights without which the same is done in another way
}

// Where is what the rules depend on.
type Where struct {
	All     Rules // on every server
	Alone   Rules // and on one that is no cluster
	Cluster Rules // and on a cluster
	Newer   Rules // and on servers that know these commands; Redis 7.0 does not
}

// Rules are parts of what ACL SETUSER takes.
type Rules struct {
	// Keys and Channels are patterns, in which NAME is the object's name and {NAME}:x its
	// helper key x. A key may be read and written, with %R~ or %W~ in front one of the two.
	// The channel PATTERN is that of a Pattern, which Redis compares letter by letter.
	Keys, Channels []string
	// Commands are names, with "|" before a subcommand, separated by spaces.
	Commands string
}

// every is what programs need in every role, for the connection.
var every = Role{
	Where: Where{
		All:     Rules{Commands: "ping"}, // desir.Open
		Cluster: Rules{Commands: "cluster|slots"},
	},
	Spared: Where{
		Cluster: Rules{Commands: "command"},
		Newer:   Rules{Commands: "client|setinfo"},
	},
}

// Server is what decides which rules a role has there.
type Server struct {
	Cluster bool
	Knows   func(command string) bool // nil for a Redis 7.0
}

func (s Server) knows(command string) bool {
	if s.Knows == nil {
		return !slices.Contains(newer(), command)
	}
	return s.Knows(command)
}

// newer are all commands that Redis 7.0 does not know.
func newer() []string {
	all := strings.Fields(every.Spared.Newer.Commands)
	for _, r := range Roles {
		all = append(all, strings.Fields(r.Newer.Commands)...)
	}
	return all
}

// Find returns the role of a type, both without regard to case. The error has what there is.
func Find(typ, role string) (Role, error) {
	var types, names []string
	for _, r := range Roles {
		if !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
		if strings.EqualFold(r.Type, typ) {
			if strings.EqualFold(r.Name, role) {
				return r, nil
			}
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return Role{}, fmt.Errorf("no type has this name; there are %s", strings.Join(types, ", "))
	}
	return Role{}, fmt.Errorf("%s has no such role; it has %s", typ, strings.Join(names, ", "))
}

// At returns the role's rules at an object on a server, each as ACL SETUSER takes it: those that
// are needed, and those without which the same is done in another way. They only add rights, so
// the rules of several roles can stand one behind the other.
func (r Role) At(name string, s Server) (needed, spared []string) {
	for _, role := range []Role{every, r} {
		needed = append(needed, role.Where.at(name, s)...)
		spared = append(spared, role.Spared.at(name, s)...)
	}
	return ordered(needed), ordered(spared)
}

func (w Where) at(name string, s Server) []string {
	here := w.Alone
	if s.Cluster {
		here = w.Cluster
	}
	return slices.Concat(w.All.at(name, s), here.at(name, s), w.Newer.at(name, s))
}

// ordered sorts rules: keys, channels, commands.
func ordered(rules []string) []string {
	slices.SortFunc(rules, func(a, b string) int {
		const kinds = "%~&+"
		if by := strings.IndexByte(kinds, a[0]) - strings.IndexByte(kinds, b[0]); by != 0 {
			return by
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(rules)
}

func (some Rules) at(name string, s Server) (rules []string) {
	for _, k := range some.Keys {
		access, pattern := Split(k)
		rules = append(rules, access+fill(pattern, name))
	}
	for _, c := range some.Channels {
		rules = append(rules, "&"+fill(c, name))
	}
	for _, c := range strings.Fields(some.Commands) {
		if s.knows(c) {
			rules = append(rules, "+"+c)
		}
	}
	return rules
}

// Split takes a key's rule apart: how the key may be used, as the beginning of the rule, and its
// pattern.
func Split(rule string) (access, pattern string) {
	if before, after, ok := strings.Cut(rule, "~"); ok && strings.HasPrefix(rule, "%") {
		return before + "~", after
	}
	return "~", rule
}

// Exact reports whether the rules at an object match its name alone.
func Exact(name string) bool {
	return !strings.Contains(strings.ReplaceAll(escape(name), `\?`, ""), "?")
}

// fill puts the object's name into a pattern.
func fill(pattern, name string) string {
	if pattern == "PATTERN" {
		return name
	}
	if part, ok := strings.CutPrefix(pattern, "{NAME}:"); ok {
		helper := keys.Part(name, "")
		return escape(helper) + part
	}
	before, after, ok := strings.Cut(pattern, "NAME")
	if !ok {
		return pattern
	}
	return before + escape(name) + after
}

// escape writes a name so that it matches itself alone. Rules can have no white space, and are
// read by people: any byte matches in the place of one that is not printed.
func escape(name string) string {
	var b strings.Builder
	for len(name) > 0 {
		c, n := utf8.DecodeRuneInString(name)
		switch {
		case c == utf8.RuneError || c == ' ' || !unicode.IsPrint(c):
			b.WriteString(strings.Repeat("?", n))
		case strings.ContainsRune(`*?[]\^`, c):
			b.WriteString(`\` + string(c))
		default:
			b.WriteRune(c)
		}
		name = name[n:]
	}
	return b.String()
}
