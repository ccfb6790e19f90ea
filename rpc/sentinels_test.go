package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
	"github.com/desir-go/desir/rpc"
)

// sentinels lists every exported sentinel of the module with its code.
var sentinels = map[string]struct {
	err  error
	code rpc.Code
}{
	"desir.ErrMaybeRan":     {desir.ErrMaybeRan, rpc.Unknown},
	"desir.ErrUnavailable":  {desir.ErrUnavailable, rpc.Unavailable},
	"desir.ErrNotSupported": {desir.ErrNotSupported, rpc.Unimplemented},
	"desir.ErrCrossSlot":    {desir.ErrCrossSlot, rpc.InvalidArgument},
	"desir.ErrClosed":       {desir.ErrClosed, rpc.FailedPrecondition},
	"desir.ErrFull":         {desir.ErrFull, rpc.ResourceExhausted},
	"desir.ErrConflict":     {desir.ErrConflict, rpc.Aborted},
	"desir.ErrWrongType":    {desir.ErrWrongType, rpc.FailedPrecondition},
	"desir.ErrDenied":       {desir.ErrDenied, rpc.PermissionDenied},
	"desir.ErrOutOfMemory":  {desir.ErrOutOfMemory, rpc.ResourceExhausted},
	"desir.ErrName":         {desir.ErrName, rpc.InvalidArgument},
	"desir.ErrLost":         {desir.ErrLost, rpc.Aborted},
	"lock.ErrLocked":        {lock.ErrLocked, rpc.Aborted},
	"codec.ErrUnsupported":  {codec.ErrUnsupported, rpc.Unimplemented},
	"codec.ErrTooLarge":     {codec.ErrTooLarge, rpc.ResourceExhausted},
	"codec.ErrSignature":    {codec.ErrSignature, rpc.Unauthenticated},
	"counter.ErrBound":      {counter.ErrBound, rpc.OutOfRange},
	"command.ErrUnknown":    {command.ErrUnknown, rpc.Unimplemented},
	"command.ErrNotAllowed": {command.ErrNotAllowed, rpc.PermissionDenied},
	"command.ErrTooNew":     {command.ErrTooNew, rpc.Unimplemented},
	"rpc.ErrNoWorkers":      {rpc.ErrNoWorkers, rpc.Unavailable},
	"rpc.ErrUnknownMethod":  {rpc.ErrUnknownMethod, rpc.Unimplemented},
	"rpc.ErrOverloaded":     {rpc.ErrOverloaded, rpc.ResourceExhausted},
	"rpc.ErrStopped":        {rpc.ErrStopped, rpc.Unavailable},
}

// TestEverySentinel reads the sources of the module. Each exported sentinel is in the
// table, and CodeOf knows it, alone and inside the errors of calls.
func TestEverySentinel(t *testing.T) {
	t.Parallel()
	found := sentinelsIn(t, "..")
	for _, name := range found {
		if _, ok := sentinels[name]; !ok {
			t.Errorf("%s is in no row of the table: which code has it?", name)
		}
	}
	for name, want := range sentinels {
		if !slices.Contains(found, name) {
			t.Errorf("%s is in the table and not in the sources", name)
		}
		for _, err := range []error{
			want.err,
			fmt.Errorf("order 7: %w", want.err),
			&desir.OpError{Op: "Map.Get", Key: "orders", Err: want.err},
			errors.Join(errors.New("another"), want.err),
		} {
			if got := rpc.CodeOf(err); got != want.code {
				t.Errorf("CodeOf(%v) = %v; want %v (%s)", err, got, want.code, name)
			}
		}
	}
}

// sentinelsIn returns the exported variables named Err… below a directory, as
// "package.Name".
func sentinelsIn(t *testing.T, root string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{"internal", "testdata", "cmd", "bench", "integration", "rpcotel", "docs"}, d.Name()) || len(file) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path.Join(root, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(id.Name, "Err") {
						names = append(names, f.Name.Name+"."+id.Name)
					}
				}
			}
		}
		return nil
	})
	if err != nil || len(names) < 20 {
		t.Fatalf("the sources have the sentinels %v; %v", names, err)
	}
	return names
}

// TestZeroValues uses values that no constructor has made: they return errors and never
// panic.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	_, end := serve(t, rdb)
	defer end()
	c := rpc.NewClient(rdb, service)
	mustSum(t, c)
	var m rpc.Method[int, int]
	handling := rpc.NewServer(rdb, service)
	m.Handle(handling, func(context.Context, int) (int, error) { return 0, nil })
	unmade := new(rpc.Server)
	sum.Handle(unmade, addUp)
	many, err := m.CallMany(t.Context(), c, []int{1, 2})
	if len(many) != 2 || !errors.Is(many[1].Err, desir.ErrNotSupported) {
		t.Errorf("CallMany of a zero Method: %v", many)
	}
	_, called := m.Call(t.Context(), c, 1)
	_, gone := m.Go(t.Context(), c, 1).Wait(t.Context())
	_, nobody := sum.Call(t.Context(), new(rpc.Client), nil)
	_, invoked := new(rpc.Client).Invoke(t.Context(), "Sum", nil)
	_, methods := new(rpc.Client).Methods(t.Context())
	_, pinged := new(rpc.Client).Ping(t.Context())
	for what, err := range map[string]error{
		"CallMany": err, "Call": called, "Go": gone, "Cast": m.Cast(t.Context(), c, 1),
		"Run with a handler of a zero Method": handling.Run(t.Context()),
		"Run of a zero Server":                unmade.Run(t.Context()),
		"Shutdown of a zero Server":           unmade.Shutdown(t.Context()),
		"Call by a zero Client":               nobody, "Invoke by a zero Client": invoked,
		"Methods of a zero Client": methods, "Ping by a zero Client": pinged,
	} {
		if want := what != "Shutdown of a zero Server"; errors.Is(err, desir.ErrNotSupported) != want || (err != nil) != want {
			t.Errorf("%s: %v; want ErrNotSupported: %t", what, err, want)
		}
	}
	if err := new(rpc.Client).Close(); err != nil {
		t.Errorf("Close of a zero Client: %v", err)
	}
}
