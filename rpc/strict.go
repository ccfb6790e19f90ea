package rpc

import (
	"reflect"
	"strings"

	"github.com/desir-go/desir/internal/msgtype"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// A caller without types, such as [Client.Invoke] or a command line, has field names that
// were written by hand. An unknown field is then an error. For a caller with types it is
// only a field that the worker's version of the struct does not have.

// isUntyped reports whether a caller's signature says that it does not know the request's
// type.
func isUntyped(signature string) bool { return strings.HasPrefix(signature, signatureAny+">") }

// fieldCheckerOf returns a function that checks the field names in a request.
func fieldCheckerOf(t reflect.Type) func(body string) error {
	return func(body string) error { return msgtype.CheckNames(t, wire.BytesView(body)) }
}
