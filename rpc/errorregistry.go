package rpc

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// RegisterError gives an error a name in results. If both programs register it,
// errors.Is(err, sentinel) holds at the caller too. Register it in the package that has
// the methods, in a variable or an init function.
//
// Registering the same name and error twice does nothing. RegisterError panics if the
// name belongs to another error, if the name is empty, or if the error is nil or not
// comparable. These errors are registered already: context.Canceled,
// context.DeadlineExceeded, io.EOF, fs.ErrNotExist and similar errors of the standard
// library, and the errors of desir that do not describe the call itself.
func RegisterError(name string, sentinel error) { wire.RegisterError(name, sentinel) }

// RegisterErrorType gives an error type a name in results. If both programs register it,
// errors.As finds the error at the caller too, with its exported fields, which are
// encoded as msgpack. E is the type that errors.As looks for, usually a pointer.
//
// RegisterErrorType panics if the name belongs to another type, if the name is empty, if
// E is an interface, or if msgpack cannot encode E.
func RegisterErrorType[E error](name string) { wire.RegisterErrorType[E](name) }

// Errors that all programs know. Errors of desir and of this package that report that
// nothing ran are not included: returned by a handler, they would be wrong for the call
// itself.
var _ = func() bool {
	for name, err := range map[string]error{
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
		"io.EOF":                   io.EOF,
		"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
		"io.ErrClosedPipe":         io.ErrClosedPipe,
		"io.ErrShortBuffer":        io.ErrShortBuffer,
		"fs.ErrInvalid":            fs.ErrInvalid,
		"fs.ErrPermission":         fs.ErrPermission,
		"fs.ErrExist":              fs.ErrExist,
		"fs.ErrNotExist":           fs.ErrNotExist,
		"fs.ErrClosed":             fs.ErrClosed,
		"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
		"os.ErrProcessDone":        os.ErrProcessDone,
		"net.ErrClosed":            net.ErrClosed,
		"errors.ErrUnsupported":    errors.ErrUnsupported,
		"desir.ErrClosed":          desir.ErrClosed,
		"desir.ErrFull":            desir.ErrFull,
		"desir.ErrLost":            desir.ErrLost,
		"desir.ErrConflict":        desir.ErrConflict,
		"desir.ErrWrongType":       desir.ErrWrongType,
		"desir.ErrMaybeRan":        desir.ErrMaybeRan,
		"codec.ErrTooLarge":        codec.ErrTooLarge,
	} {
		RegisterError(name, err)
	}
	return true
}()
