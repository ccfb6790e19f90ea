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

// A frame names an inbox by its ID if the prefix is the default, and else by its whole
// key.

const maxPrefix = 128

// inboxName returns the name of an inbox in frames.
func inboxName(prefix, id string) string { return prefix + id }

// inboxKey returns the key of the inbox with the given name.
func inboxKey(name string) string {
	if len(name) == inboxChars {
		return keys.Inbox(name)
	}
	return name
}

// prefixOf returns the prefix in the name of an inbox; "" is the default.
func prefixOf(name string) string { return name[:max(0, len(name)-inboxChars)] }

// isInbox reports whether s is a valid inbox name: an ID with an optional prefix.
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

// checkPrefix checks a prefix given to [InboxPrefix]. It returns "" for the default.
func checkPrefix(prefix string) (string, error) {
	switch {
	case prefix == keys.Inbox(""):
		return "", nil
	case prefix == "" || len(prefix) > maxPrefix || !utf8.ValidString(prefix) || strings.ContainsFunc(prefix, unicode.IsControl):
		return "", fmt.Errorf("InboxPrefix: a prefix must have 1 to %d bytes of UTF-8 without control characters", maxPrefix)
	}
	return prefix, nil
}

// writesTo reports whether the worker writes results to inboxes with the prefix.
func (s *serverSettings) writesTo(prefix string) bool {
	if len(s.prefixes) == 0 {
		return prefix == ""
	}
	return slices.Contains(s.prefixes, prefix)
}

// inboxes returns the prefixes for WorkerInfo: nil if only the default is used.
func (s *serverSettings) inboxes() []string {
	all := slices.Clone(s.prefixes)
	for i, p := range all {
		all[i] = prefixKey(p)
	}
	return all
}

// writesTo reports whether the worker says that it writes to inboxes with the prefix.
func (w *WorkerInfo) writesTo(prefix string) bool {
	if len(w.Inboxes) == 0 {
		return prefix == ""
	}
	return slices.Contains(w.Inboxes, prefixKey(prefix))
}

// inboxError returns the error of a client whose prefix the worker does not serve.
func (w *WorkerInfo) inboxError(prefix string) error {
	own := prefixKey("")
	if len(w.Inboxes) > 0 {
		own = w.Inboxes[0]
	}
	return fmt.Errorf("the worker %s does not write results to inboxes with the prefix %q; give the client rpc.InboxPrefix(%s), or the worker the other prefix as well",
		oneline.Text(w.Name, oneline.Short), prefixKey(prefix), oneline.Quote(own, oneline.Short))
}

// prefixKey returns the prefix of inbox keys; "" is the default.
func prefixKey(prefix string) string {
	if prefix == "" {
		return keys.Inbox("")
	}
	return prefix
}
