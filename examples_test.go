package desir_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// public are the packages whose types a user can have.
var public = []string{".", "codec", "collections", "counter", "channel", "rpc", "command", "embedded", "integration", "rpcotel"}

// TestExamples wants an example of every exported type that has methods: of the type, of one of
// its methods, or of a function that makes it.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, folder := range public {
		files := token.NewFileSet()
		var code []*ast.File
		var tests []*ast.File
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(files, name, text, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") {
				tests = append(tests, file)
			} else {
				code = append(code, file)
			}
		}
		var examples []string
		for _, e := range doc.Examples(tests...) {
			if e.Output != "" || e.EmptyOutput || folder == "integration" { // whose functions need a test
				examples = append(examples, e.Name)
			}
		}
		pkg, err := doc.NewFromFiles(files, code, "github.com/desir-go/desir/"+folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range pkg.Types {
			if !slices.ContainsFunc(typ.Methods, func(m *doc.Func) bool { return ast.IsExported(m.Name) }) {
				continue
			}
			shown := slices.ContainsFunc(examples, func(name string) bool {
				return name == typ.Name || strings.HasPrefix(name, typ.Name+"_") ||
					slices.ContainsFunc(typ.Funcs, func(f *doc.Func) bool {
						return name == f.Name || strings.HasPrefix(name, f.Name+"_")
					})
			})
			if !shown {
				t.Errorf("%s.%s has methods and no example with an output", folder, typ.Name)
			}
		}
	}
}
