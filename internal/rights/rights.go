// Package rights has the Redis ACL rules that a program needs for each role at an
// object, for example the sender of a Chan or the reader of a Map. Its tests prove the
// table on real servers: a role with its rules can do everything it is for, and every
// rule is needed.
//
// The rules are those of
// https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/.
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

// Role is a set of operations on objects of a type.
type Role struct {
	Type, Name string
	Does       string // its methods, as text
	Where             // the rules that it needs
	Optional   Where  // optional rules; without them the library works in another way
}

// Where has rules by the kind of server.
type Where struct {
	All     Rules // rules for every server
	Alone   Rules // additional rules for a server that is not a cluster
	Cluster Rules // additional rules for a cluster
	Newer   Rules // additional rules for servers newer than Redis 7.0 that have these commands
}

// Rules are arguments of ACL SETUSER.
type Rules struct {
	// Keys and Channels are patterns, in which NAME is the object's name and {NAME}:x
	// its helper key x. The prefixes %R~ and %W~ restrict a key to reading or writing.
	// The channel PATTERN is that of a Pattern; Redis compares it literally.
	Keys, Channels []string
	// Commands has names separated by spaces, with "|" before a subcommand.
	Commands string
}

// every has the rules that every role needs for its connection.
var every = Role{
	Where: Where{
		All:     Rules{Commands: "ping"}, // desir.Open
		Cluster: Rules{Commands: "cluster|slots"},
	},
	Optional: Where{
		Cluster: Rules{Commands: "command"},
		Newer:   Rules{Commands: "client|setinfo"},
	},
}

// Server describes the server that rules are for.
type Server struct {
	Cluster bool
	Knows   func(command string) bool // whether the server has a command; nil for Redis 7.0
}

func (s Server) knows(command string) bool {
	if s.Knows == nil {
		return !slices.Contains(newer(), command)
	}
	return s.Knows(command)
}

// newer returns the commands in the table that Redis 7.0 does not have.
func newer() []string {
	all := strings.Fields(every.Optional.Newer.Commands)
	for _, r := range Roles {
		all = append(all, strings.Fields(r.Newer.Commands)...)
	}
	return all
}

// Find returns the role of a type, ignoring case. The error lists the types or roles
// that exist.
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
		return Role{}, fmt.Errorf("unknown type; the types are %s", strings.Join(types, ", "))
	}
	return Role{}, fmt.Errorf("%s has no such role; its roles are %s", typ, strings.Join(names, ", "))
}

// At returns the role's rules for an object on a server, each as an argument of ACL
// SETUSER: the needed ones, and the optional ones. Rules only add rights, so the rules
// of several roles can be combined.
func (r Role) At(name string, s Server) (needed, optional []string) {
	for _, role := range []Role{every, r} {
		needed = append(needed, role.Where.at(name, s)...)
		optional = append(optional, role.Optional.at(name, s)...)
	}
	return ordered(needed), ordered(optional)
}

func (w Where) at(name string, s Server) []string {
	here := w.Alone
	if s.Cluster {
		here = w.Cluster
	}
	return slices.Concat(w.All.at(name, s), here.at(name, s), w.Newer.at(name, s))
}

// ordered sorts rules by kind: keys, channels, commands.
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

// Split splits a key's rule into its access prefix and its pattern.
func Split(rule string) (access, pattern string) {
	if before, after, ok := strings.Cut(rule, "~"); ok && strings.HasPrefix(rule, "%") {
		return before + "~", after
	}
	return "~", rule
}

// Exact reports whether the rules for an object match no other name.
func Exact(name string) bool {
	return !strings.Contains(strings.ReplaceAll(escape(name), `\?`, ""), "?")
}

// fill replaces NAME in a pattern.
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

// escape escapes a name so that the pattern matches only that name. A rule cannot
// contain white space and should be readable, so a ? stands for each byte that is not
// printable.
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
