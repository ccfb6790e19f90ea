package command

import (
	"fmt"
	"slices"
	"strings"
)

// connectionState lists commands that change the state of their connection, such as its
// database, user or mode. The next user of a shared connection would inherit the
// change, so if permitted they run on a dedicated connection.
var connectionState = []string{
	"asking", "auth", "client|caching", "client|no-evict", "client|no-touch", "client|reply", "client|tracking", "discard", "exec", "hello", "monitor",
	"multi", "psubscribe", "psync", "punsubscribe", "quit", "readonly", "readwrite", "replconf", "reset", "script|debug", "select",
	"ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe", "unwatch", "wait", "waitaof", "watch",
}

// destructive lists commands that stop a server or destroy its data.
var destructive = []string{
	"cluster|failover", "cluster|flushslots", "cluster|forget", "cluster|reset", "debug", "failover", "flushall", "flushdb",
	"module|load", "module|loadex", "module|unload", "pfdebug", "pfselftest", "replicaof", "restore-asking", "shutdown", "slaveof", "swapdb",
}

// changesConnection reports whether a command changes the state of its connection.
func changesConnection(id string) bool { return slices.Contains(connectionState, id) }

// permits returns an error if the settings refuse a command. c is nil for a command
// that is not in the table.
func (s *settings) permits(id string, c *Command) error {
	denied := changesConnection(id) || slices.Contains(destructive, id)
	reason := "denied by default; Allow(%q) lets it through"
	container, _, _ := strings.Cut(id, "|")
	for _, a := range s.access {
		category := strings.HasPrefix(a.what, "@")
		switch {
		case !category && a.what != id && a.what != container:
		case category && a.what != "@all" && (c == nil || !slices.Contains(c.Categories, a.what)):
		case category && a.allow && (changesConnection(id) || slices.Contains(destructive, id)):
		default:
			denied, reason = !a.allow, "denied by an option; a later Allow(%q) lets it through"
		}
	}
	if !denied {
		return nil
	}
	return fmt.Errorf("%w: "+reason, ErrNotAllowed, display(id))
}
