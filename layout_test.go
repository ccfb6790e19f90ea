package desir_test

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/desir-go/desir"

// arrows lists the packages of this module that each package may import. A trailing slash
// allows all packages below. Every package must have an entry.
var arrows = map[string][]string{
	"":                          {"internal/backoff", "internal/clients", "internal/keys", "internal/lease", "internal/oneline", "internal/script", "internal/send", "internal/tx"},
	"codec":                     {"internal/headed", "internal/msgtype", "internal/oneline", "internal/pack"},
	"collections":               {"", "codec", "internal/backoff", "internal/batch", "internal/clients", "internal/keys", "internal/script", "internal/send", "internal/stored", "internal/tx"},
	"channel":                   {"", "codec", "internal/batch", "internal/headed", "internal/clients", "internal/keys", "internal/listen", "internal/outage", "internal/script", "internal/send", "internal/stored", "internal/tx", "internal/wait"},
	"counter":                   {"", "codec", "internal/backoff", "internal/coded", "internal/clients", "internal/keys", "internal/script", "internal/send", "internal/tx"},
	"command":                   {"", "internal/backoff", "internal/cmdline", "internal/coded", "internal/clients", "internal/conn", "internal/oneline", "internal/send", "internal/suggest"},
	"command/internal/generate": {"command"},
	"lock":                      {"", "internal/backoff", "internal/clients", "internal/coded", "internal/keys", "internal/lease", "internal/send"},
	"rpc":                       {"", "codec", "internal/coded", "internal/clients", "internal/keys", "internal/msgtype", "internal/oneline", "internal/pack", "internal/send", "rpc/internal/"},
	"rpc/internal/caller":       {"codec", "internal/backoff", "internal/batch", "internal/clients", "internal/clock", "internal/outage", "internal/pack", "internal/script", "internal/send", "rpc/internal/"},
	"rpc/internal/lua":          {"internal/script", "internal/send"},
	"rpc/internal/resp":         {"internal/backoff", "internal/clients", "internal/conn", "internal/send"},
	"rpc/internal/worker":       {"codec", "internal/backoff", "internal/batch", "internal/clients", "internal/clock", "internal/listen", "internal/oneline", "internal/outage", "internal/script", "internal/send", "rpc/internal/"},
	"rpc/internal/wire":         {"codec", "internal/keys", "internal/oneline", "internal/pack"},
	"embedded":                  {},
	"cmd/desir":                 {"", "channel", "codec", "collections", "command", "counter", "embedded", "internal/cmdline", "internal/keys", "internal/lease", "internal/oneline", "internal/rights", "internal/suggest", "lock", "rpc"},
	"internal/clock":            {},
	"internal/cmdline":          {},
	"internal/coded":            {},
	"internal/keys":             {"internal/oneline"},
	"internal/backoff":          {},
	"internal/batch":            {},
	"internal/headed":           {},
	"internal/msgtype":          {},
	"internal/oneline":          {},
	"internal/pack":             {},
	"internal/send":             {"internal/backoff", "internal/batch", "internal/keys", "internal/oneline"},
	"internal/clients":          {"internal/keys", "internal/send"},
	"internal/conn":             {"internal/send"},
	"internal/listen":           {"internal/backoff", "internal/clients", "internal/keys", "internal/outage", "internal/send"},
	"internal/outage":           {"internal/clients", "internal/send"},
	"internal/lease":            {"internal/backoff", "internal/clients", "internal/clock", "internal/keys", "internal/oneline", "internal/script", "internal/send", "internal/wait"},
	"internal/wait":             {"internal/backoff", "internal/clients", "internal/keys", "internal/conn", "internal/listen", "internal/oneline", "internal/outage", "internal/script", "internal/send"},
	"internal/rights":           {"internal/keys"},
	"internal/script":           {"internal/clients", "internal/send"},
	"internal/stored":           {"codec", "internal/headed"},
	"internal/suggest":          {},
	"internal/tx":               {"codec", "internal/clients", "internal/lease", "internal/oneline", "internal/script", "internal/send", "internal/wait"},
	"internal/redistest":        {"embedded"},
	"internal/kinds":            {"codec"},
	"internal/conformance":      {"", "codec", "channel", "collections", "command", "counter", "internal/", "lock", "rpc"},
}

// outside lists, for packages of other modules with restricted use, the packages that may
// import them.
var outside = map[string][]string{
	"github.com/redis/go-redis/v9": {
		"", "channel", "collections", "command", "command/internal/generate", "counter", "embedded", "cmd/desir", "internal/conformance",
		"internal/batch", "internal/clients", "internal/conn", "internal/lease", "internal/listen", "internal/outage", "internal/redistest", "internal/script", "internal/send", "internal/tx", "internal/wait", "lock", "rpc", "rpc/internal/caller", "rpc/internal/resp", "rpc/internal/worker",
	},
	"github.com/vmihailenco/msgpack/v5":  {"codec", "cmd/desir"},
	"github.com/klauspost/compress/zstd": {"codec"},
	"github.com/alicebob/miniredis/v2":   {"embedded", "internal/redistest"},
	"github.com/alecthomas/kong":         {"cmd/desir"},
	"github.com/reeflective/readline":    {"cmd/desir"},
	"golang.org/x/term":                  {"cmd/desir"},
	"github.com/anishathalye/porcupine":  {}, // for tests only
}

type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// inside returns a package's path within the module and whether it belongs to the module.
func inside(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// TestImports checks every import against arrows and outside, and that every permission
// there is used.
func TestImports(t *testing.T) {
	exists, used := map[string]bool{}, map[[2]string]bool{}
	for _, p := range packages(t) {
		name, _ := inside(p.ImportPath)
		allowed, known := arrows[name]
		if !known {
			t.Errorf("package %q has no place in the layout", name)
		}
		exists[name] = true
		for _, path := range p.Imports {
			used[[2]string{name, path}] = true
			if users, restricted := outside[path]; restricted && !slices.Contains(users, name) {
				t.Errorf("package %q imports %s", name, path)
			}
			to, ours := inside(path)
			if !ours {
				continue
			}
			i := slices.IndexFunc(allowed, func(a string) bool {
				return a == to || a != "" && strings.HasSuffix(a, "/") && strings.HasPrefix(to, a)
			})
			if i < 0 {
				t.Errorf("package %q imports %q", name, to)
				continue
			}
			used[[2]string{name, allowed[i]}] = true
		}
	}
	for name, allowed := range arrows {
		if !exists[name] {
			t.Errorf("the layout has package %q, which does not exist", name)
		}
		for _, to := range allowed {
			if !used[[2]string{name, to}] {
				t.Errorf("the layout allows package %q to import %q, which it does not", name, to)
			}
		}
	}
	for path, users := range outside {
		for _, name := range users {
			if !used[[2]string{name, path}] {
				t.Errorf("the layout allows package %q to import %s, which it does not", name, path)
			}
		}
	}
}

// TestPackageComments requires exactly one package comment in each package.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		var with []string
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != "" {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("package %s has package comments in %q, want one", p.ImportPath, with)
		}
	}
}
