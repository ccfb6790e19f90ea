package wire

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/keys"
)

// A frame names an inbox by its ID if the prefix is the default, and else by its whole
// key: the prefix and the ID.

const maxPrefix = 128

// InboxKey returns the key of the inbox with the given name.
func InboxKey(name string) string {
	if len(name) == inboxChars {
		return keys.Inbox(name)
	}
	return name
}

// PrefixOf returns the prefix in the name of an inbox; "" is the default.
func PrefixOf(name string) string { return name[:max(0, len(name)-inboxChars)] }

// IsInbox reports whether s is a valid inbox name: an ID with an optional prefix.
func IsInbox(s string) bool {
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

// CheckPrefix checks a prefix given to [InboxPrefix]. It returns "" for the default.
func CheckPrefix(prefix string) (string, error) {
	switch {
	case prefix == keys.Inbox(""):
		return "", nil
	case prefix == "" || len(prefix) > maxPrefix || !utf8.ValidString(prefix) || strings.ContainsFunc(prefix, unicode.IsControl):
		return "", fmt.Errorf("InboxPrefix: a prefix must have 1 to %d bytes of UTF-8 without control characters", maxPrefix)
	}
	return prefix, nil
}

// Prefixes are the prefixes of inboxes that a worker writes to; none: the default only.
type Prefixes []string

// Has reports whether the worker writes to inboxes with the prefix.
func (p Prefixes) Has(prefix string) bool {
	if len(p) == 0 {
		return prefix == ""
	}
	return slices.Contains(p, prefix)
}

// PrefixKey returns the prefix of inbox keys; "" is the default.
func PrefixKey(prefix string) string {
	if prefix == "" {
		return keys.Inbox("")
	}
	return prefix
}
