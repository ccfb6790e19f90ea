// Package keys converts names of objects to Redis keys. No other package does so.
//
// The key of an object is its name, so that redis-cli finds it. Its helper keys are in
// the same hash slot, so that scripts work on a cluster. "orders" has helper keys such as
// "{orders}:wake". "a{b}c", which has a hash tag, has helper keys such as "a{b}c:wake".
// "{orders}" has helper keys such as "{orders}.wake", with a dot: with a colon it would
// share them with "orders".
package keys

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrName is the error of every call of an object whose name cannot be a key.
var ErrName = errors.New("not a usable name")

// Check returns an error if name cannot be the name of an object with a single key.
func Check(name string) error {
	if name == "" {
		return fmt.Errorf("%w: it is empty", ErrName)
	}
	return nil
}

// CheckTag returns an error if name cannot be the name of an object with helper keys.
func CheckTag(name string) error {
	if err := Check(name); err != nil {
		return err
	}
	want, ok := tag(name)
	if !ok {
		want = name
	}
	if got, ok := tag(Part(name, "x")); !ok || got != want { // compares tags, because two tags may have the same slot
		return fmt.Errorf("%w: its braces keep helper keys out of its hash slot; use none, or one {tag}", ErrName)
	}
	return nil
}

// Part returns a helper key of the object called name. It is in the hash slot of name, if
// CheckTag accepts name.
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

// Shard returns the key of shard i of the object called name. Shard 0 is the key of the
// object. The others are spread over the hash slots, unless the name has a hash tag.
func Shard(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + ":shard:" + strconv.Itoa(i)
}

// Inbox returns the key of the results for one client process. No other object uses it.
// Inboxes are spread over the hash slots.
func Inbox(id string) string { return "desir:inbox:" + id }

// tag returns the hash tag of key: the text between its first { and the next }. ok is
// false if there is none, or if it is empty.
func tag(key string) (hashTag string, ok bool) {
	_, rest, ok := strings.Cut(key, "{")
	if !ok {
		return "", false
	}
	t, _, ok := strings.Cut(rest, "}")
	return t, ok && t != ""
}
