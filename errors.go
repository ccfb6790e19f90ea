package desir

import (
	"errors"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// What can go wrong, by what the caller can do about it. Every error of a call that
// may ask Redis is an [*OpError]; test for these with [errors.Is].
var (
	// ErrMaybeRan says that a write may have been executed: its answer was
	// lost, or the context ended while it was under way. Setting the same
	// value again is safe unless somebody else wrote in between; before
	// repeating an addition, a push or a pop, look. A late copy of the write
	// can still arrive while the network recovers. Reads never return it.
	ErrMaybeRan = send.ErrMaybeRan

	// ErrUnavailable says that nothing was executed: no connection, a server
	// that is loading, read-only, down or busy, too many commands without an
	// answer, or a context that ended before anything was sent. Writes were
	// already repeated up to three times; trying again later is safe.
	ErrUnavailable = send.ErrUnavailable

	// ErrNotSupported says that the server or the client lacks what the call needs, that
	// the server is a cluster and the client is not one for clusters, that both cannot agree
	// on TLS, or that there is no client at all; the text says which. Nothing was executed.
	ErrNotSupported = send.ErrNotSupported

	// ErrCrossSlot says that a call names keys that a cluster keeps apart.
	// Nothing was executed. Give the names one hash tag: "{shop}:a", "{shop}:b".
	ErrCrossSlot = keys.ErrCrossSlot

	// ErrClosed says that the object was closed, a Chan, a Sub, an rpc.Client, or that its
	// client was, by [Close] or otherwise. Nothing was executed.
	ErrClosed = send.ErrClosed

	// ErrFull says that a bound was reached and nothing was stored: that of a Chan with
	// a Buffer, of the tokens of AddOnce, of the backlog of a Sub that is to fail then.
	ErrFull = errors.New("full")

	// ErrConflict says that an optimistic update lost against other writers as
	// often as it may try. Nothing was written.
	ErrConflict = errors.New("others kept changing the value; nothing was written")

	// ErrWrongType says that the key holds something else than the object
	// stores, or a number was asked of a text. Nothing was executed.
	ErrWrongType = send.ErrWrongType

	// ErrDenied says that the user may not do this: authentication or an
	// access rule. Nothing was executed.
	ErrDenied = send.ErrDenied

	// ErrOutOfMemory says that the server has reached maxmemory and refused
	// the write. Nothing was executed.
	ErrOutOfMemory = send.ErrOutOfMemory

	// ErrName says that the object's name cannot be a key. Nothing was sent.
	ErrName = keys.ErrName
)

// OpError is an error with the operation and the key it concerns. Its text
// never shows a stored value or a password. It is one line of less than 1 KiB,
// whatever the key or the cause: what is not plain there is quoted or escaped, and a
// long text is cut. The fields have the whole.
type OpError struct {
	Op  string // "collections.Map.Get"
	Key string // the object's key; empty where there is none
	Err error
}

// Error is "collections.Map.Get carts: …".
func (e *OpError) Error() string {
	text := oneline.Text(e.Op, oneline.Short)
	if e.Key != "" {
		text += " " + oneline.Text(e.Key, oneline.Name)
	}
	return text + ": " + oneline.Line(e.Err.Error(), oneline.Chain)
}

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

func init() {
	hub.NewOpError = func(op, key string, err error) error { return &OpError{Op: op, Key: key, Err: err} }
}
