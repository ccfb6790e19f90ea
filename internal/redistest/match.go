package redistest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Match tells whether a rule is meant for a command, by its words as they are
// sent. It must be quick and safe for any number of goroutines.
type Match func(args []string) bool

// Any matches every command.
func Any([]string) bool { return true }

// Command matches the commands of these names: Command("incr", "evalsha"). A
// name of two words means a subcommand: Command("client unblock").
func Command(names ...string) Match {
	lower := make([]string, len(names))
	for i, n := range names {
		lower[i] = strings.ToLower(n)
	}
	return func(args []string) bool {
		name := strings.ToLower(args[0])
		if slices.Contains(lower, name) {
			return true
		}
		return len(args) > 1 && slices.Contains(lower, name+" "+strings.ToLower(args[1]))
	}
}

// Arg matches commands that have the word among their arguments, a key or a
// script's SHA say.
func Arg(word string) Match {
	return func(args []string) bool { return slices.Contains(args[1:], word) }
}

// All matches what all of ms match; with no ms, everything.
func All(ms ...Match) Match {
	return func(args []string) bool {
		for _, m := range ms {
			if !m(args) {
				return false
			}
		}
		return true
	}
}

// words returns a command as it is sent.
func words(cmd redis.Cmder) []string {
	args := cmd.Args()
	w := make([]string, max(1, len(args)))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			w[i] = a
		case []byte:
			w[i] = string(a)
		default:
			w[i] = fmt.Sprint(a)
		}
	}
	return w
}

// setsUp reports whether a command is one of those by which go-redis opens a
// connection or learns the layout of a cluster.
func setsUp(args []string) bool {
	sub := ""
	if len(args) > 1 {
		sub = strings.ToLower(args[1])
	}
	switch strings.ToLower(args[0]) {
	case "", "hello", "auth", "select", "readonly", "asking":
		return true
	case "client":
		return sub == "setinfo" || sub == "setname" || sub == "maint_notifications" || sub == "tracking"
	case "cluster":
		return sub == "slots" || sub == "shards"
	case "command":
		return sub == ""
	}
	return false
}
