package command

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// unsafeCommands lists commands that would end, stop or slow down the server of a test,
// that change the state of a connection, or whose arguments name other machines or
// files.
var unsafeCommands = strings.Fields(`acl|deluser acl|load acl|save acl|setuser auth bgrewriteaof bgsave blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin
	client|kill client|pause client|reply client|no-evict client|tracking client|caching client|unblock cluster config|set config|rewrite debug discard exec failover
	function|kill hello migrate module|load module|loadex module|unload monitor multi pfdebug pfselftest psubscribe psync
	punsubscribe quit readonly readwrite replconf replicaof reset save script|debug script|kill select shutdown slaveof ssubscribe subscribe sunsubscribe
	swapdb sync unsubscribe unwatch wait waitaof watch asking`)

// shapeErrors lists beginnings of error replies for malformed arguments.
var shapeErrors = regexp.MustCompile(`(?i)syntax error|wrong number of arguments|unknown subcommand|unbalanced|unknown option|option .*not allowed|not compatible|at least 1 input key`)

// loose lists, by the group of their commands, keywords that the server accepts in more
// places than documented: ANY belongs after the number of COUNT, and the server accepts
// both anywhere among the options. Check follows the documentation.
var loose = map[string]string{"geo": "ANY"}

// TestCheckAgainstServer generates valid and invalid arguments for every safe command
// from its grammar, and compares Check with the server: the server does not refuse
// accepted arguments for their shape, and it refuses arguments that Check refuses for
// their shape.
func TestCheckAgainstServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("thousands of commands")
	}
	rounds := 25
	if n, err := strconv.Atoi(os.Getenv("DESIR_ROUNDS")); err == nil {
		rounds = n
	}
	server := redistest.StartServer(t)
	rdb := server.Client(t, func(o *redis.Options) { o.MaxRetries = -1 })
	spec, err := Load(ctx, rdb)
	if err != nil {
		t.Fatal(err)
	}
	rng := redistest.Seed(t)
	taken, refused := 0, 0
	for c := range spec.All() {
		if len(c.Subcommands) > 0 || strings.HasPrefix(c.id, "cluster|") || slices.Contains(unsafeCommands, c.id) {
			continue
		}
		if c.grammarless() && c.Arity == -1 || !strings.HasPrefix(spec.Version, rulesVersion) && slices.Contains(lenient, c.id) {
			continue // the table says nothing of it, or less than before
		}
		for range rounds {
			words := wordsFor(rng, c.Args)
			if rng.IntN(2) == 0 {
				words = corrupt(rng, words)
			}
			if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, "block") }) {
				continue
			}
			args := make([]any, len(words))
			for i, w := range words {
				args[i] = w
			}
			checked := c.Check(args...)
			answer := serverError(t, rdb, c, args)
			switch wrong, _ := errors.AsType[*ArgError](checked); {
			case checked == nil:
				taken++
				if answer != nil && shapeErrors.MatchString(answer.Error()) && !lacksRule(spec, c, args) && !leftToServer(c, words) {
					t.Errorf("%s %q passes, the server: %v", c.Name, words, answer)
				}
			case wrong == nil:
				t.Fatalf("%s %q: %v", c.Name, words, checked)
			case answer == nil && ofShape(c, wrong) && parsedAll(c, words):
				t.Errorf("%s %q is fine for the server: %v", c.Name, words, wrong)
			default:
				refused++
			}
		}
	}
	if taken < 2000 || refused < 500 {
		t.Errorf("%d lists taken, %d refused: that proves little", taken, refused)
	}
}

// leftToServer reports whether words may break what only the server checks: a polygon has
// three corners, and a LIMIT where XADD has its ID is an option for the server.
func leftToServer(c *Command, words []string) bool {
	return slices.Contains(words, "BYPOLYGON") || c.id == "xadd" && len(words) > 1 && strings.EqualFold(words[1], "LIMIT")
}

// lacksRule reports whether a table lacks the rule that words break.
func lacksRule(spec *Spec, c *Command, args []any) bool {
	old, ok := Builtin().Lookup(c.Name)
	if !ok || strings.HasPrefix(spec.Version, rulesVersion) {
		return false
	}
	ruledOnes := *c
	ruledOnes.rules = old.rules
	return ruledOnes.Check(args...) != nil
}

// ofShape reports whether an error is about the number of arguments or an unknown
// option.
func ofShape(c *Command, e *ArgError) bool {
	for _, r := range c.rules {
		if e.Want == r.want {
			return false
		}
	}
	return !regexp.MustCompile("integer|number|only once|Unix").MatchString(e.Want)
}

// parsedAll reports whether the server has parsed all words as Check has. Some commands
// return as soon as they see that the key is missing, one ignores extra words, and some
// are loose.
func parsedAll(c *Command, words []string) bool {
	if word := loose[c.Group]; word != "" && slices.Contains(words, word) {
		return false
	}
	return c.id != "xpending" && (len(c.Args) == 0 || c.Args[0].Type != "key" || len(words) > 0 && words[0] == "@key")
}

// serverError runs a command on keys of every type.
func serverError(t *testing.T, rdb *redis.Client, c *Command, args []any) error {
	t.Helper()
	line := []any{}
	for w := range strings.SplitSeq(c.Name, " ") {
		line = append(line, w)
	}
	pipe := rdb.Pipeline()
	pipe.FlushAll(ctx)
	pipe.Set(ctx, "string", "10", 0)
	pipe.RPush(ctx, "list", "1", "2", "3")
	pipe.SAdd(ctx, "set", "1", "2")
	pipe.HSet(ctx, "hash", "a", 1, "b", 2)
	pipe.GeoAdd(ctx, "sorted-set", &redis.GeoLocation{Name: "a", Longitude: 1, Latitude: 1})
	pipe.XAdd(ctx, &redis.XAddArgs{Stream: "stream", ID: "1-1", Values: []string{"a", "b"}})
	pipe.XGroupCreate(ctx, "stream", "a", "0")
	pipe.PFAdd(ctx, "hyperloglog", "a")
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "@key" {
			args[i] = keyFor(c)
		}
	}
	err := rdb.Do(context.Background(), append(line, args...)...).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	var answer redis.Error
	if err != nil && !errors.As(err, &answer) {
		t.Fatalf("%s %q: %v", c.Name, args, err)
	}
	return err
}

// keyFor returns a key of the type that a command works on.
func keyFor(c *Command) string {
	switch c.Group {
	case "geo":
		return "sorted-set"
	case "bitmap", "generic":
		return "string"
	default:
		return c.Group
	}
}

// wordsFor generates words that match a grammar.
func wordsFor(rng *rand.Rand, args []Arg) (words []string) {
	keys := 0
	for i := range args {
		a := &args[i]
		if a.Optional && rng.IntN(2) == 0 && (a.Type != "key" || keys == 0) {
			continue
		}
		times := 1
		if a.Multiple {
			times += rng.IntN(3)
		}
		if a.Type == "key" && a.Multiple && keys > 0 {
			times = keys
		}
		for n := range times {
			if a.Token != "" && a.Type != "pure-token" && (n == 0 || a.MultipleToken) {
				words = append(words, a.Token)
			}
			words = append(words, bodyFor(rng, a)...)
		}
		if a.Name == "numkeys" {
			keys, _ = strconv.Atoi(words[len(words)-1])
		}
	}
	return words
}

func bodyFor(rng *rand.Rand, a *Arg) []string {
	switch a.Type {
	case "pure-token":
		return []string{a.Token}
	case "oneof":
		return wordsFor(rng, a.Args[rng.IntN(len(a.Args)):][:1])
	case "block":
		return wordsFor(rng, a.Args)
	case "key":
		return []string{"@key"}
	case "integer", "unix-time":
		if a.Name == "numkeys" {
			return []string{strconv.Itoa(1 + rng.IntN(3))}
		}
		return []string{strconv.Itoa(rng.IntN(6) - 1)}
	case "double":
		return []string{strconv.FormatFloat(float64(rng.IntN(20))/4, 'f', -1, 64)}
	}
	switch a.Name {
	case "id", "start", "end", "min", "max", "lastid":
		return []string{strconv.Itoa(rng.IntN(5))}
	case "encoding":
		return []string{"u4"}
	default:
		return []string{[]string{"a", "b", "c", "7"}[rng.IntN(4)]}
	}
}

// corrupt changes words so that most results are wrong.
func corrupt(rng *rand.Rand, words []string) []string {
	words = slices.Clone(words)
	at := rng.IntN(len(words) + 1)
	switch kind := rng.IntN(4); {
	case kind == 0 || at == len(words):
		return slices.Insert(words, at, "nonsense")
	case kind == 1:
		return slices.Delete(words, at, at+1)
	case kind == 2:
		words[at] = "nonsense"
		return words
	default:
		other := rng.IntN(len(words))
		words[at], words[other] = words[other], words[at]
		return words
	}
}
