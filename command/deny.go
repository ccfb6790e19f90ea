package command

import (
	"fmt"
	"slices"
	"strings"
)

// binding are commands that leave something behind in their connection, which the
// next caller would get: another database, another user, a mode. If they are allowed
// they run on a connection of their own.
var binding = []string{
	"asking", "auth", "client|caching", "client|no-evict", "client|no-touch", "client|reply", "client|tracking", "discard", "exec", "hello", "monitor",
	"multi", "psubscribe", "psync", "punsubscribe", "quit", "readonly", "readwrite", "replconf", "reset", "script|debug", "select",
	"ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe", "unwatch", "wait", "waitaof", "watch",
}

// destroying are commands that end or stop a server, or throw away what it holds.
var destroying = []string{
	"cluster|failover", "cluster|flushslots", "cluster|forget", "cluster|reset", "debug", "failover", "flushall", "flushdb",
	"module|load", "module|loadex", "module|unload", "pfdebug", "pfselftest", "replicaof", "restore-asking", "shutdown", "slaveof", "swapdb",
}

// binds reports whether a command leaves something behind in its connection.
func binds(id string) bool { return slices.Contains(binding, id) }

// permits reports why the settings keep a command away: c may be nil for one
// that the table does not have.
func (s *settings) permits(id string, c *Command) error {
	denied := binds(id) || slices.Contains(destroying, id)
	reason := "denied by default; Allow(%q) lets it through"
	container, _, _ := strings.Cut(id, "|")
	for _, a := range s.access {
		category := strings.HasPrefix(a.what, "@")
		switch {
		case !category && a.what != id && a.what != container:
		case category && a.what != "@all" && (c == nil || !slices.Contains(c.Categories, a.what)):
		case category && a.allow && (binds(id) || slices.Contains(destroying, id)):
		default:
			denied, reason = !a.allow, "denied by an option; a later Allow(%q) lets it through"
		}
	}
	if !denied {
		return nil
	}
	return fmt.Errorf("%w: "+reason, ErrNotAllowed, display(id))
}
