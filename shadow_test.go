package desir_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestShadowing finds local names that hide a package of the file or a builtin function.
// CompareAndSwap has parameters old and new, as in sync/atomic.
func TestShadowing(t *testing.T) {
	t.Parallel()
	eachFile(t, ".go", func(file string, text []byte) {
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		hidden := hiddenNames(tree)
		for _, id := range localNames(tree) {
			if hidden[id.Name] {
				t.Errorf("%s: the local name %s hides a package or a builtin function", set.Position(id.Pos()), id.Name)
			}
		}
	})
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// hiddenNames returns the names that a local name of the file would hide.
func hiddenNames(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq("any append cap clear close copy delete len make max min panic print println real recover") {
		names[name] = true
	}
	for _, spec := range file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value) // it was parsed
		name := path.Base(p)
		if majorVersion.MatchString(name) {
			name = path.Base(path.Dir(p))
		}
		name = strings.TrimPrefix(name, "go-")
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = name != "_" && name != "."
	}
	return names
}

// localNames returns the names of the variables, constants, types, parameters and results
// that a file declares.
func localNames(file *ast.File) (names []*ast.Ident) {
	add := func(all ...ast.Expr) {
		for _, e := range all {
			if id, ok := e.(*ast.Ident); ok {
				names = append(names, id)
			}
		}
	}
	fields := func(lists ...*ast.FieldList) {
		for _, list := range lists {
			if list == nil {
				continue
			}
			for _, field := range list.List {
				names = append(names, field.Names...)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				add(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key, n.Value)
			}
		case *ast.FuncDecl:
			fields(n.Recv, n.Type.Params, n.Type.Results)
		case *ast.FuncLit:
			fields(n.Type.Params, n.Type.Results)
		case *ast.ValueSpec:
			names = append(names, n.Names...)
		case *ast.TypeSpec:
			names = append(names, n.Name)
		}
		return true
	})
	return names
}
