package send_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// joined contains the commands into which calls of several callers are merged, short or
// not.
var joined = []string{"hget", "hmget", "hpttl", "hset", "hsetex", "incrby", "lpush", "rpush", "sismember", "smismember"}

// sentAlone contains the commands that do not share a pipeline, by reason.
var sentAlone = map[string][]string{
	"the reply has any length": {
		"hgetall", "hrandfield", "hscan", "lrange", "sdiff", "sinter", "smembers", "srandmember", "sscan", "sunion",
	},
	"slow on a large key":               {"lpos", "lrem", "ltrim", "sdiffstore", "sintercard", "sinterstore", "sunionstore"},
	"waits":                             {"blmpop", "blpop", "xread"},
	"on a connection of its own":        {"lmpop"},
	"has no key":                        {"info", "ping", "publish", "role", "spublish", "time", "unsubscribe"},
	"the text of a script":              {"eval"},
	"is posted, or in a pipeline":       {"xadd", "xdel"},
	"HEXPIRE is for an embedded server": {"hexpire"},
	"no command here":                   {"cluster", "memory", "unlink"},
}

// TestEveryCommandIsClassed finds the names of commands in the source of the library.
// Each command must be one that may share a pipeline, or must be listed with the reason
// why it may not. The available servers define which words are names of commands.
func TestEveryCommandIsClassed(t *testing.T) {
	known := map[string]bool{}
	commands := func(opts ...redistest.ServerOption) {
		all, err := redistest.StartServer(t, opts...).Client(t).CommandList(ctx, nil).Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			known[name] = true
		}
	}
	commands()
	for _, p := range redistest.Programs() {
		commands(redistest.Use(p))
	}
	classed := map[string]bool{}
	for _, name := range joined {
		classed[name] = true
	}
	for _, names := range sentAlone {
		for _, name := range names {
			if send.Short(name) || classed[name] {
				t.Errorf("%s is classed twice", name)
			}
			classed[name] = true
		}
	}
	sent := literals(t, "../..", "../../channel", "../../collections", "../../counter", "../../lock", "../../rpc", "../../rpc/internal/*",
		"../clients", "../conn", "../lease", "../listen", "../script", "../send", "../wait")
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if known[name] && !send.Short(name) && !classed[name] {
			t.Errorf("%s in %s is not classed: add it to short.go, or to the reasons here", name, sent[name])
		}
	}
	for name := range classed {
		if sent[name] == "" {
			t.Errorf("%s is classed here and sent by nothing", name)
		}
	}
}

// literals returns the words in string literals of the Go files in folders, each with a
// file that contains it.
func literals(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ImportSpec:
					return false
				case *ast.BasicLit:
					if word, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && filepath.Base(file) != "short.go" {
						found[word] = file
					}
				}
				return true
			})
		}
	}
	return found
}
