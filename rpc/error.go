package rpc

import (
	"errors"
	"fmt"
	"maps"

	"github.com/desir-go/desir/internal/oneline"
)

// What can go wrong before a handler runs. Nothing was executed.
var (
	// ErrNoWorkers says that no worker of the service is alive. The call was not
	// stored, or was taken back before anybody had it. See [Wait].
	ErrNoWorkers = errors.New("no worker of the service is alive")

	// ErrUnknownMethod says that the worker that got the call has no method of
	// that name. It is also an [*Error].
	ErrUnknownMethod = errors.New("the worker has no such method")

	// ErrOverloaded says that as many calls wait as the workers allow. The call
	// was not stored; see [QueueLimit].
	ErrOverloaded = errors.New("too many calls wait for workers")
)

// Error is an error that a worker has answered with: the handler's, or its reason for
// not running one. An error without an Error in it did not come from a worker.
//
// Its causes are there as they were at the worker, as far as both sides know them by
// name: see [RegisterError] and [RegisterErrorType]. Of a tree of more than 64 causes, or 32 below each other, the
// rest stays at the worker.
type Error struct {
	Code    Code
	Message string            // the text of the handler's error, up to 1 KiB
	Method  string            // that was called
	Worker  string            // which worker it was: host:pid
	Details map[string]string // whatever the handler has added

	cause error
}

// Error is the message, with the worker that has sent it and the code: one line, in
// which what is not printable is escaped, and a text of more than 400 bytes is cut.
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

// Errorf returns an [*Error] for a handler to return, with a code and a text as
// [fmt.Errorf] makes it, %w included. The caller gets both.
func Errorf(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: err}
}
