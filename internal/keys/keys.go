// Package keys turns names of objects into Redis keys, and is the only place
// that does.
//
// The key of an object is its name, so that redis-cli finds it. The keys that
// help it share its hash tag, so that scripts and a cluster see one slot:
// "orders" is helped by "{orders}:wake", and "a{b}c", which has a tag of its
// own, by "a{b}c:wake". Only "{orders}" is helped by "{orders}.wake", or it
// would share its helpers with "orders".
package keys

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrName is returned by every call of an object whose name cannot be a key.
var ErrName = errors.New("not a usable name")

// Check reports why name cannot name an object that lives in one key.
func Check(name string) error {
	if name == "" {
		return fmt.Errorf("%w: it is empty", ErrName)
	}
	return nil
}

// CheckTag reports why name cannot name an object that has helper keys.
func CheckTag(name string) error {
	if err := Check(name); err != nil {
		return err
	}
	want, ok := tag(name)
	if !ok {
		want = name
	}
	if got, ok := tag(Part(name, "x")); !ok || got != want { // not by slot: two tags may share one by chance
		return fmt.Errorf("%w: its braces keep helper keys out of its hash slot; use none, or one {tag}", ErrName)
	}
	return nil
}

// Part returns the key of a helper of the object called name. It is in the
// slot of name for every name that CheckTag accepts.
func Part(name, part string) string {
	switch t, ok := tag(name); {
	case !ok:
		return "{" + name + "}:" + part
	case name == "{"+t+"}":
		return name + "." + part
	default:
		return name + ":" + part
	}
}

// Shard returns the key of a part of the object called name that need not be
// where the others are: the first one is the object's own key, and unless the
// name has a tag they are spread over the slots.
func Shard(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + ":shard:" + strconv.Itoa(i)
}

// Inbox returns the key of the results for one client process. It belongs to no
// other object, and inboxes are spread over the slots.
func Inbox(id string) string { return "desir:inbox:" + id }

// tag returns the hash tag of key: what stands between its first { and the
// next }, unless that is nothing.
func tag(key string) (string, bool) {
	_, rest, ok := strings.Cut(key, "{")
	if !ok {
		return "", false
	}
	t, _, ok := strings.Cut(rest, "}")
	return t, ok && t != ""
}
