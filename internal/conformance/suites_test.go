package conformance_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(16)
	os.Exit(redistest.Main(m))
}

// TestTypes runs the suite of every type on every backend. The suites are parallel, since
// they mostly wait.
func TestTypes(t *testing.T) {
	t.Parallel()
	for _, typ := range conformance.All() {
		_, name := typ.Split()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redistest.Each(t, typ.Suite)
		})
	}
}

// TestAtomic runs the suite of desir.Atomic on every backend.
func TestAtomic(t *testing.T) {
	t.Parallel()
	redistest.Each(t, conformance.Atomic)
}

// TestAll reads the sources of the packages. Every exported type that has a key, or that a
// client is passed to, is in the list of suites.
func TestAll(t *testing.T) {
	t.Parallel()
	var covered []string
	for _, typ := range conformance.All() {
		covered = append(append(covered, typ.Name), typ.Parts...)
	}
	for _, pkg := range []string{"channel", "collections", "command", "counter", "lock", "rpc"} {
		needed := typesWithClient(t, pkg)
		if len(needed) == 0 {
			t.Errorf("no type of package %s has a key or a client", pkg)
		}
		for _, name := range needed {
			if !slices.Contains(covered, pkg+"."+name) {
				t.Errorf("%s.%s is not in All", pkg, name)
			}
		}
	}
}

// typesWithClient returns the exported types of a package that have a method Key, or that a
// function New… returns for a client of go-redis.
func typesWithClient(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string) {
		if ast.IsExported(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			switch {
			case !ok:
			case fn.Recv != nil && fn.Name.Name == "Key":
				add(conformance.TypeName(fn.Recv.List[0].Type))
			case fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "New") && fn.Type.Results != nil && takesClient(fn):
				add(conformance.TypeName(fn.Type.Results.List[0].Type))
			}
		}
	}
	return names
}

// takesClient reports whether the first parameter of a function is a client of go-redis.
func takesClient(fn *ast.FuncDecl) bool {
	params := fn.Type.Params.List
	if len(params) == 0 {
		return false
	}
	typ, ok := params[0].Type.(*ast.SelectorExpr)
	return ok && typ.Sel.Name == "UniversalClient"
}
