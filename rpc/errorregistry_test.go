package rpc

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

var errRegistered = errors.New("registered")

type registeredErr struct{}

func (*registeredErr) Error() string { return "" }

type unpackable struct{ C chan int }

func (*unpackable) Error() string { return "" }

// TestRegistryConflicts checks that contradicting registrations panic with a clear
// message, and that a repeated one does nothing.
func TestRegistryConflicts(t *testing.T) {
	RegisterError("rpc.errKnown", errKnown)
	RegisterErrorType[*typedErr]("rpc.typedErr")
	for name, tt := range map[string]struct {
		register func()
		text     string
	}{
		"name of another":      {func() { RegisterError("rpc.errKnown", errors.New("x")) }, `"rpc.errKnown"): another error has this name`},
		"standard name":        {func() { RegisterError("io.EOF", errors.New("x")) }, `"io.EOF"`},
		"no name":              {func() { RegisterError("", errors.New("x")) }, "needs a name"},
		"no error":             {func() { RegisterError("x", nil) }, "needs a name"},
		"not comparable":       {func() { RegisterError("x", holderErr{[]int{}}) }, "can be compared"},
		"name of another type": {func() { RegisterErrorType[plainErr]("rpc.typedErr") }, `"rpc.typedErr"): another type has this name`},
		"no name of a type":    {func() { RegisterErrorType[plainErr]("") }, "needs a name"},
		"an interface":         {func() { RegisterErrorType[error]("x") }, "a type that msgpack can carry"},
		"a channel":            {func() { RegisterErrorType[*unpackable]("x") }, "a type that msgpack can carry"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if why := fmt.Sprint(recover()); !strings.Contains(why, tt.text) || !strings.HasPrefix(why, "rpc: Register") {
					t.Errorf("it panics with %q; want %q", why, tt.text)
				}
			}()
			tt.register()
		})
	}
	RegisterError("x", errRegistered) // panics if what panicked is registered
	RegisterErrorType[*registeredErr]("x")
}
