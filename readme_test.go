package desir_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// guides are the pages whose Go blocks are run.
var guides = []string{"README.md", "docs/operations.md", "docs/testing.md", "docs/from-go-redis.md"}

var (
	goBlock = regexp.MustCompile("(?s)```go\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")
	inText  = regexp.MustCompile("```go\n")
	used    = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
)

// imports has the import path of each package that a block without a package
// clause may use.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "os": "os",
	"signal": "os/signal", "syscall": "syscall", "testing": "testing", "time": "time",
	"redis":       "github.com/redis/go-redis/v9",
	"desir":       "github.com/desir-go/desir",
	"channel":     "github.com/desir-go/desir/channel",
	"codec":       "github.com/desir-go/desir/codec",
	"collections": "github.com/desir-go/desir/collections",
	"command":     "github.com/desir-go/desir/command",
	"counter":     "github.com/desir-go/desir/counter",
	"embedded":    "github.com/desir-go/desir/embedded",
	"integration": "github.com/desir-go/desir/integration",
	"rpc":         "github.com/desir-go/desir/rpc",
}

// TestReadmeRuns runs every Go block of the guides and compares its output with
// the text block that follows it. A block with a Test function has to pass. A
// block without a package clause gets one, the imports it uses and, if it has
// no main, an empty main.
func TestReadmeRuns(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	for _, guide := range guides {
		page, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		blocks := goBlock.FindAllSubmatch(page, -1)
		if want := len(inText.FindAll(page, -1)); len(blocks) != want || guide == "README.md" && want == 0 {
			t.Fatalf("%s: %d programs found, want %d", guide, len(blocks), want)
		}
		for _, block := range blocks {
			runBlock(t, guide, block[1], block[2])
		}
	}
}

func runBlock(t *testing.T, guide string, block, want []byte) {
	t.Helper()
	file, how := filepath.Join(t.TempDir(), "main.go"), "run"
	if bytes.Contains(block, []byte("func Test")) {
		file, how = filepath.Join(t.TempDir(), "main_test.go"), "test"
	}
	if err := os.WriteFile(file, complete(block), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", how, file)
	cmd.Stderr = &testLog{t: t}
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: the program does not run: %v\n%s\n%s", guide, err, block, out)
	} else if len(want) > 0 && !bytes.Equal(out, want) {
		t.Errorf("%s: the program prints %q, the page says %q", guide, out, want)
	}
}

// complete makes a whole file of a block.
func complete(block []byte) []byte {
	if bytes.HasPrefix(block, []byte("package ")) {
		return block
	}
	paths := map[string]bool{}
	for _, name := range used.FindAllSubmatch(block, -1) {
		if path, ok := imports[string(name[1])]; ok {
			paths[path] = true
		}
	}
	file := "package main\n\nimport (\n"
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		file += "\t\"" + path + "\"\n"
	}
	file += ")\n\n" + string(block)
	if !strings.Contains(file, "func main()") && !strings.Contains(file, "func Test") {
		file += "\nfunc main() {}\n"
	}
	return []byte(file)
}

// TestReadmeIsShort holds the README to a length that is read in a few minutes.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(readme, []byte("\n")); n > 200 {
		t.Errorf("the README has %d lines; want at most 200", n)
	}
}

type testLog struct{ t *testing.T }

func (l *testLog) Write(p []byte) (int, error) {
	l.t.Log(string(p))
	return len(p), nil
}

// TestContributingListsPackages fails if the table of CONTRIBUTING.md lacks an internal
// package, or has one that does not exist.
func TestContributingListsPackages(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if row, ok := strings.CutPrefix(line, "| `internal/"); ok {
			for _, name := range regexp.MustCompile("internal/([a-z]+)`").FindAllStringSubmatch("internal/"+row, -1) {
				listed[name[1]] = true
			}
		}
	}
	folders, err := os.ReadDir("internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !listed[folder.Name()] {
			t.Errorf("the table of packages lacks internal/%s", folder.Name())
		}
		delete(listed, folder.Name())
	}
	for name := range listed {
		t.Errorf("the table of packages has internal/%s, which does not exist", name)
	}
}

var named = regexp.MustCompile("`([A-Za-z]+)\\.([A-Z][A-Za-z]*)`")

// TestGuideNames fails if docs/from-go-redis.md names a method or function of desir
// that does not exist.
func TestGuideNames(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/from-go-redis.md")
	if err != nil {
		t.Fatal(err)
	}
	known, methods := declared(t), 0
	for _, name := range named.FindAllStringSubmatch(string(page), -1) {
		if name[1] == "redis" {
			continue
		}
		methods++
		if !known[name[1]+"."+name[2]] {
			t.Errorf("the page names %s.%s, which does not exist", name[1], name[2])
		}
	}
	if methods == 0 {
		t.Error("the page names no methods")
	}
}

// declared returns the exported methods, as Type.Method, and the other exported
// names, as package.Name, of the public packages. Types that embed
// desir.Object have its methods.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	var embedding []string
	for _, dir := range []string{".", "channel", "codec", "collections", "command", "counter", "lock", "rpc"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range tree.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					owner := tree.Name.Name
					if d.Recv != nil {
						owner = conformance.TypeName(d.Recv.List[0].Type)
					}
					names[owner+"."+d.Name.Name] = true
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						switch s := spec.(type) {
						case *ast.TypeSpec:
							names[tree.Name.Name+"."+s.Name.Name] = true
							if embedsObject(s) {
								embedding = append(embedding, s.Name.Name)
							}
						case *ast.ValueSpec:
							for _, name := range s.Names {
								names[tree.Name.Name+"."+name.Name] = true
							}
						}
					}
				}
			}
		}
	}
	for _, owner := range embedding {
		for name := range maps.Clone(names) {
			if method, ok := strings.CutPrefix(name, "Object."); ok {
				names[owner+"."+method] = true
			}
		}
	}
	return names
}

func embedsObject(s *ast.TypeSpec) bool {
	fields, ok := s.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(fields.Fields.List, func(f *ast.Field) bool {
		selected, ok := f.Type.(*ast.SelectorExpr)
		return ok && len(f.Names) == 0 && selected.Sel.Name == "Object"
	})
}

var (
	testName     = regexp.MustCompile(`(func )?\b(Test[A-Z]\w*)`)
	testDeclared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestDocumentsNameTests fails if a document, or a script of CI, names a test that does not
// exist.
func TestDocumentsNameTests(t *testing.T) {
	t.Parallel()
	exists, named := map[string]bool{}, 0
	eachFile(t, "_test.go", func(_ string, text []byte) {
		for _, name := range testDeclared.FindAllSubmatch(text, -1) {
			exists[string(name[1])] = true
		}
	})
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/design/*.md", "docs/design/measurements/*.md", ".ci/*", "bench/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range testName.FindAllSubmatch(text, -1) {
				if len(name[1]) > 0 {
					continue // an example
				}
				named++
				if !exists[string(name[2])] {
					t.Errorf("%s names %s, which does not exist", file, name[2])
				}
			}
		}
	}
	if named == 0 {
		t.Error("no document names a test")
	}
}
