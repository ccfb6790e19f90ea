package command

import (
	"slices"
	"strings"
)

// Command is one row of the table: a command, or a subcommand under its full
// name. It is not changed once its [Spec] is there, and safe for any number of
// goroutines.
type Command struct {
	Name       string   // "SET", "CONFIG GET"
	Summary    string   // a sentence; empty in the built-in table
	Group      string   // "string", "sorted-set", …
	Since      string   // the version that brought it, "1.0.0"
	Complexity string   // "O(1)"; the built-in table has the formulas without their sentences
	Arity      int      // number of words with the name; -3: at least 3
	Flags      []string // "write", "readonly", "denyoom", "blocking", …
	Categories []string // of the access rules: "@write", "@string"
	Tips       []string // "request_policy:all_shards", …
	Deprecated string   // the version that deprecated it, or empty
	ReplacedBy string   // what to use instead; the built-in table has the names alone
	History    []Event  // empty in the built-in table

	Args        []Arg      // the grammar of what follows the name
	KeySpecs    []KeySpec  // where its keys are
	Subcommands []*Command // sorted by name

	id    string // "config|get", as the server has it
	rules []*rule
}

// Event is a line of a command's history.
type Event struct {
	Version string
	Text    string
}

// Arg is one element of a command's grammar.
type Arg struct {
	Name       string
	Type       string // string, integer, double, key, pattern, unix-time, pure-token, oneof, block
	Token      string // the word in front of it, or that it is
	Display    string // what stands in a usage instead of Name, if not empty
	Summary    string
	Since      string // if later than the command
	Deprecated string // the version that deprecated it, or empty

	Optional      bool
	Multiple      bool // may be repeated
	MultipleToken bool // the token with it
	KeySpec       int  // index of the key's KeySpec, or -1

	Args []Arg // of a oneof, the choices; of a block, the parts

	least int    // words it needs where it stands
	count bool   // how many of the next element follow, as numkeys
	lead  bool   // begins with a token, whatever follows
	ends  []*Arg // the options behind it: a list ends at their tokens
}

// KeySpec says where some of a command's keys are. Positions count the words of
// a command from 0, which is its name.
type KeySpec struct {
	Flags []string // "RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", …

	// Begin is how the first key is found: "index", at Index; "keyword", behind
	// the word Keyword, searched from the word StartFrom on, backwards if that
	// is negative; or "unknown".
	Begin     string
	Index     int
	Keyword   string
	StartFrom int

	// Find is how the others are found from there: "range", to LastKey in steps
	// of Step, only the first Limit-th part if that is above 1; "keynum", as many as the
	// word KeyNum says, from the word FirstKey on; or "unknown".
	Find     string
	LastKey  int
	Step     int
	Limit    int
	KeyNum   int
	FirstKey int
}

// Has reports whether the command has a flag.
func (c *Command) Has(flag string) bool { return slices.Contains(c.Flags, flag) }

// answering are commands without the flag readonly that change nothing either.
var answering = []string{
	"acl|cat", "acl|dryrun", "acl|genpass", "acl|getuser", "acl|help", "acl|list", "acl|users", "acl|whoami",
	"client|getname", "client|id", "client|info", "client|list", "cluster|countkeysinslot", "cluster|getkeysinslot",
	"cluster|info", "cluster|keyslot", "cluster|links", "cluster|myid", "cluster|nodes", "cluster|replicas", "cluster|shards", "cluster|slots",
	"command", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags", "command|info", "command|list",
	"config|get", "echo", "function|dump", "function|list", "function|stats", "info", "lastsave", "latency|histogram", "latency|history", "latency|latest",
	"memory|doctor", "memory|malloc-stats", "memory|stats", "module|list", "ping", "pubsub|channels", "pubsub|numpat", "pubsub|numsub",
	"pubsub|shardchannels", "pubsub|shardnumsub", "role", "script|exists", "slowlog|get", "slowlog|len", "time",
}

// Retryable reports whether the command may be sent again when its answer is
// lost: it changes nothing. That is what the server calls readonly, and those
// commands that only answer about the server.
func (c *Command) Retryable() bool {
	if c.Has("write") {
		return false
	}
	_, found := slices.BinarySearch(answering, c.id)
	return found || c.Has("readonly")
}

// Blocking reports whether the command may wait at the server, as BLPOP does,
// and XREAD where it is told to.
func (c *Command) Blocking() bool {
	return c.Has("blocking") || c.id == "wait" || c.id == "waitaof"
}

// words is how many words the name has.
func (c *Command) words() int { return 1 + strings.Count(c.id, "|") }

// sub returns the subcommand that word names.
func (c *Command) sub(word string) *Command {
	for _, s := range c.Subcommands {
		if strings.EqualFold(s.id[len(c.id)+1:], word) {
			return s
		}
	}
	return nil
}

// display is the name of an id: "config|get" is "CONFIG GET".
func display(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "|", " ")) }
