package redistest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Match reports whether a rule applies to a command. args is the command's name and its
// arguments, as they are sent. A Match must be fast and safe for concurrent use.
type Match func(args []string) bool

// Any matches every command.
func Any([]string) bool { return true }

// Command matches commands with one of these names, as in Command("incr", "evalsha"). A
// name of two words matches a subcommand, as in Command("client unblock"). Case does not
// matter.
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

// Arg matches commands with the given argument, such as a key or the SHA of a script.
func Arg(value string) Match {
	return func(args []string) bool { return slices.Contains(args[1:], value) }
}

// All matches commands that every one of ms matches. Without ms it matches every command.
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

// argStrings returns the name and the arguments of a command as they are sent.
func argStrings(cmd redis.Cmder) []string {
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

// isConnSetup reports whether go-redis uses the command to set up a connection or to read
// the layout of a cluster.
func isConnSetup(args []string) bool {
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
