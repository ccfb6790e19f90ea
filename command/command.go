package command

import (
	"slices"
	"strings"
)

// Command describes a command, or a subcommand under its full name. It is immutable
// once its [Spec] exists, and safe for concurrent use.
type Command struct {
	Name       string   // "SET", "CONFIG GET"
	Summary    string   // one sentence; empty in the built-in table
	Group      string   // "string", "sorted-set", …
	Since      string   // the version that introduced it, "1.0.0"
	Complexity string   // "O(1)"; the built-in table has only the formulas
	Arity      int      // number of words including the name; -3 means at least 3
	Flags      []string // "write", "readonly", "denyoom", "blocking", …
	Categories []string // ACL categories: "@write", "@string", …
	Tips       []string // command tips: "request_policy:all_shards", …
	Deprecated string   // the version that deprecated it, or empty
	ReplacedBy string   // what to use instead; the built-in table has only the names
	History    []Event  // empty in the built-in table

	Args        []Arg      // the grammar of the arguments
	KeySpecs    []KeySpec  // the positions of the keys
	Subcommands []*Command // sorted by name

	id    string // the name in the server's form, "config|get"
	rules []*rule
}

// Event is one entry of a command's history.
type Event struct {
	Version string
	Text    string
}

// Arg is one element of a command's grammar.
type Arg struct {
	Name       string
	Type       string // string, integer, double, key, pattern, unix-time, pure-token, oneof, block
	Token      string // the keyword before the value, or the keyword itself for a pure-token
	Display    string // shown in the usage instead of Name, if not empty
	Summary    string
	Since      string // the version that introduced it, if later than the command
	Deprecated string // the version that deprecated it; empty if none did

	Optional      bool
	Multiple      bool // may be repeated
	MultipleToken bool // Token is repeated with the value
	KeySpec       int  // index into Command.KeySpecs; -1 if the element is not a key

	Args []Arg // the choices of a oneof, or the parts of a block

	minWords        int    // the smallest number of words it takes
	count           bool   // its value is the number of the next elements, as numkeys
	startsWithToken bool   // it always begins with a token
	ends            []*Arg // the options after it; a list ends at their tokens
}

// KeySpec describes the positions of some of a command's keys. Positions count the
// words of a command from 0, which is the first word of its name.
type KeySpec struct {
	Flags []string // "RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", …

	// Begin is the way to find the first key: "index" (the word at Index), "keyword"
	// (the word after Keyword, searched from the word StartFrom on, or backwards if
	// StartFrom is negative), or "unknown".
	Begin     string
	Index     int
	Keyword   string
	StartFrom int

	// Find is the way to find the other keys from there: "range" (to LastKey in steps
	// of Step, and only among the first 1/Limit of the remaining words if Limit is
	// greater than 1), "keynum" (as many keys as the word KeyNum says, from the word
	// FirstKey on), or "unknown".
	Find     string
	LastKey  int
	Step     int
	Limit    int
	KeyNum   int
	FirstKey int
}

// Has reports whether the command has the flag.
func (c *Command) Has(flag string) bool { return slices.Contains(c.Flags, flag) }

// unflaggedReads lists commands that change nothing and do not have the flag readonly.
var unflaggedReads = []string{
	"acl|cat", "acl|dryrun", "acl|genpass", "acl|getuser", "acl|help", "acl|list", "acl|users", "acl|whoami",
	"client|getname", "client|id", "client|info", "client|list", "cluster|countkeysinslot", "cluster|getkeysinslot",
	"cluster|info", "cluster|keyslot", "cluster|links", "cluster|myid", "cluster|nodes", "cluster|replicas", "cluster|shards", "cluster|slots",
	"command", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags", "command|info", "command|list",
	"config|get", "echo", "function|dump", "function|list", "function|stats", "info", "lastsave", "latency|histogram", "latency|history", "latency|latest",
	"memory|doctor", "memory|malloc-stats", "memory|stats", "module|list", "ping", "pubsub|channels", "pubsub|numpat", "pubsub|numsub",
	"pubsub|shardchannels", "pubsub|shardnumsub", "role", "script|exists", "slowlog|get", "slowlog|len", "time",
}

// Retryable reports whether the command can be sent again if its reply is lost. That is
// true for commands that change nothing: those with the flag readonly and those that
// only return information about the server.
func (c *Command) Retryable() bool {
	if c.Has("write") {
		return false
	}
	_, found := slices.BinarySearch(unflaggedReads, c.id)
	return found || c.Has("readonly")
}

// Blocking reports whether the command can wait at the server. BLPOP can, and so can
// XREAD, which waits only with the option BLOCK.
func (c *Command) Blocking() bool {
	return c.Has("blocking") || c.id == "wait" || c.id == "waitaof"
}

// words returns the number of words in the name.
func (c *Command) words() int { return 1 + strings.Count(c.id, "|") }

// sub returns the subcommand with the given short name, or nil.
func (c *Command) sub(word string) *Command {
	for _, s := range c.Subcommands {
		if strings.EqualFold(s.id[len(c.id)+1:], word) {
			return s
		}
	}
	return nil
}

// display returns the name for an id: "CONFIG GET" for "config|get".
func display(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "|", " ")) }
