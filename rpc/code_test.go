package rpc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/desir-go/desir"
)

func TestCodeOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want Code
	}{
		{nil, OK},
		{errors.New("x"), Unknown},
		{fmt.Errorf("a: %w", Errorf(Aborted, "b")), Aborted},
		{errors.Join(context.DeadlineExceeded, desir.ErrMaybeRan), DeadlineExceeded},
		{errors.Join(desir.ErrMaybeRan, fs.ErrNotExist), Unknown},
		{errors.Join(context.DeadlineExceeded, desir.ErrUnavailable), DeadlineExceeded},
		{context.Canceled, Canceled},
		{ErrNoWorkers, Unavailable},
		{ErrUnknownMethod, Unimplemented},
		{ErrOverloaded, ResourceExhausted},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, PermissionDenied},
		{fs.ErrExist, AlreadyExists},
		{desir.ErrConflict, Aborted},
		{errors.ErrUnsupported, Unimplemented},
	} {
		if got := CodeOf(tt.err); got != tt.want {
			t.Errorf("CodeOf(%v) = %v; want %v", tt.err, got, tt.want)
		}
	}
}

// TestCodeNames checks that every code has a name, and that an unknown code is shown as a
// number.
func TestCodeNames(t *testing.T) {
	seen := map[string]bool{}
	for c := range Unauthenticated + 1 {
		if name := c.String(); name == "" || seen[name] {
			t.Errorf("code %d is called %q", c, name)
		} else {
			seen[name] = true
		}
	}
	if got := Code(17).String(); got != "code 17" {
		t.Errorf("a number that is no code is called %q", got)
	}
}
