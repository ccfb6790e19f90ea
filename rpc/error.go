package rpc

import (
	"errors"
	"fmt"
	"maps"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Errors of calls whose handler did not run.
var (
	// ErrNoWorkers reports that no worker of the service is alive. The call was not
	// stored, or it was removed from the list before a worker took it. See [Wait].
	ErrNoWorkers = errors.New("no worker of the service is alive")

	// ErrUnknownMethod reports that the worker that took the call has no handler for the
	// method. The error is also an [*Error].
	ErrUnknownMethod = errors.New("the worker has no such method")

	// ErrOverloaded reports that too many calls wait for workers. The call was not
	// stored. See [QueueLimit].
	ErrOverloaded = errors.New("too many calls wait for workers")
)

// Error is an error that a worker returned: the handler's error, or the worker's reason
// for not running the handler. An error that does not wrap an Error did not come from a
// worker.
//
// Error wraps the causes of the worker's error. errors.Is and errors.As find those that
// both sides know by name: see [RegisterError] and [RegisterErrorType]. At most 64 causes
// are transferred, nested at most 32 deep. The rest is dropped.
type Error struct {
	Code    Code
	Message string            // text of the handler's error, up to 1 KiB
	Method  string            // name of the method that was called
	Worker  string            // the worker that returned the error, as host:pid
	Details map[string]string // details that the handler added

	cause error
}

// Error returns the message, the worker and the code in one line. Non-printable
// characters are escaped. A message of more than 400 bytes is cut.
func (e *Error) Error() string {
	return e.text(oneline.Line(e.Message, oneline.Message), oneline.Text(e.Worker, oneline.Short))
}

func (e *Error) text(message, worker string) string {
	if worker == "" {
		return message
	}
	return "worker " + worker + ": " + message + " (" + e.Code.String() + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// With returns a copy of e with one more detail.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Details = maps.Clone(e.Details)
	if c.Details == nil {
		c.Details = map[string]string{}
	}
	c.Details[key] = value
	return &c
}

// Errorf returns an [*Error] for a handler to return. It has the given code, and the text
// is formatted as by [fmt.Errorf], including %w. The caller receives both.
func Errorf(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: err}
}

// errorsOnWire encodes errors of handlers.
var errorsOnWire = wire.ErrorEncoder{
	Status: func(err error) (uint64, map[string]string) {
		if e, ok := errors.AsType[*Error](err); ok && e != nil {
			return uint64(e.Code), e.Details
		}
		return uint64(CodeOf(err)), nil
	},
	Text: func(err error) string {
		if e, ok := err.(*Error); ok {
			return e.text(e.Message, e.Worker)
		}
		return err.Error()
	},
}

// errorOf returns the error in the body of a result.
func errorOf(body, method string) (*Error, bool) {
	e, ok := wire.ParseError(body)
	return &Error{Code: Code(e.Code), Message: e.Message, Method: method, Worker: e.Worker, Details: e.Details, cause: e.Cause}, ok
}
