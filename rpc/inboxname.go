package rpc

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
)

// A frame names an inbox by its ID, or, below a prefix of the client's own, by its whole key.

const maxPrefix = 128

// inboxName returns what frames call the inbox with an ID below a prefix.
func inboxName(prefix, id string) string { return prefix + id }

// inboxKey returns the key of an inbox by its name.
func inboxKey(name string) string {
	if len(name) == inboxChars {
		return keys.Inbox(name)
	}
	return name
}

// prefixOf returns the prefix in the name of an inbox; "" stands for the default.
func prefixOf(name string) string { return name[:max(0, len(name)-inboxChars)] }

// isInbox reports whether s is the name of an inbox: an ID, perhaps below a prefix.
func isInbox(s string) bool {
	n := len(s) - inboxChars
	if n < 0 || n > maxPrefix {
		return false
	}
	for _, c := range []byte(s[n:]) {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// ownPrefix checks a prefix of [InboxPrefix], and returns "" for the default.
func ownPrefix(prefix string) (string, error) {
	switch {
	case prefix == keys.Inbox(""):
		return "", nil
	case prefix == "" || len(prefix) > maxPrefix || !utf8.ValidString(prefix) || strings.ContainsFunc(prefix, unicode.IsControl):
		return "", fmt.Errorf("InboxPrefix: a prefix has 1 to %d bytes of UTF-8 without control characters", maxPrefix)
	}
	return prefix, nil
}

// writesTo reports whether a worker writes results to inboxes below a prefix.
func (s *serverSettings) writesTo(prefix string) bool {
	if len(s.prefixes) == 0 {
		return prefix == ""
	}
	return slices.Contains(s.prefixes, prefix)
}

// inboxes returns the prefixes as WorkerInfo has them: nothing for the default alone.
func (s *serverSettings) inboxes() []string {
	all := slices.Clone(s.prefixes)
	for i, p := range all {
		all[i] = prefixKey(p)
	}
	return all
}

// writesTo reports the same of a worker by what it says about itself.
func (w *WorkerInfo) writesTo(prefix string) bool {
	if len(w.Inboxes) == 0 {
		return prefix == ""
	}
	return slices.Contains(w.Inboxes, prefixKey(prefix))
}

// elsewhere says why no result of the worker comes to an inbox below a prefix.
func (w *WorkerInfo) elsewhere(prefix string) error {
	own := prefixKey("")
	if len(w.Inboxes) > 0 {
		own = w.Inboxes[0]
	}
	return fmt.Errorf("the worker %s writes no results to inboxes below %q; give the client rpc.InboxPrefix(%s), or the worker the other prefix as well",
		oneline.Text(w.Name, oneline.Short), prefixKey(prefix), oneline.Quote(own, oneline.Short))
}

// prefixKey returns what the keys of inboxes below a prefix begin with.
func prefixKey(prefix string) string {
	if prefix == "" {
		return keys.Inbox("")
	}
	return prefix
}
