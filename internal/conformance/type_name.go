package conformance

import "go/ast"

// TypeName returns the name of a type in source text, without a pointer and type parameters.
func TypeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return TypeName(e.X)
	case *ast.IndexExpr:
		return TypeName(e.X)
	case *ast.IndexListExpr:
		return TypeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
