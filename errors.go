package desir

import (
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// Errors returned by operations. Each says whether the operation was executed. Every
// error of a call that may use Redis is an [*OpError]; test for these errors with
// [errors.Is].
var (
	// ErrMaybeRan means that a write may have been executed: its reply was lost, or the
	// context ended while the write was in flight. Setting the same value again is safe
	// unless another caller wrote in between. Before retrying an increment, push or
	// pop, check the current state. The server may also execute the write after the call
	// has returned, while the network recovers. Reads never return ErrMaybeRan.
	ErrMaybeRan = send.ErrMaybeRan

	// ErrUnavailable means that nothing was executed. Causes are: no connection; a
	// server that is loading, read-only, down or busy; too many commands in flight; a
	// context that ended before anything was sent. Except in the last two cases the
	// library has already retried a write up to three times. Retrying later is safe.
	ErrUnavailable = send.ErrUnavailable

	// ErrNotSupported means that the server or the client lacks a feature the call
	// needs, that the server is a cluster and the client is not a cluster client, that
	// client and server cannot agree on TLS, or that the client is nil. The text says
	// which. Nothing was executed.
	ErrNotSupported = send.ErrNotSupported

	// ErrCrossSlot means that a call uses keys in different slots of a cluster. Nothing
	// was executed. Give the names one hash tag: "{shop}:a", "{shop}:b".
	ErrCrossSlot = keys.ErrCrossSlot

	// ErrClosed means that the object (a Chan, an rpc.Client or a command.Session) was
	// closed, or that its client was closed, by [Close] or otherwise. Nothing was
	// executed, unless the error also wraps ErrMaybeRan.
	ErrClosed = send.ErrClosed

	// ErrFull means that a bound was reached and nothing was stored: the Buffer of a
	// Chan, the token limit of AddOnce, or the backlog of a Sub that is configured to
	// fail when its backlog is full.
	ErrFull = send.ErrFull

	// ErrConflict means that an optimistic update, or [Atomic], gave up because other
	// writers kept changing what it had read. Nothing was written.
	ErrConflict = send.ErrConflict

	// ErrWrongType means that the key holds another Redis type than the object stores, or
	// that a numeric operation found text that is not a number. Nothing was executed.
	ErrWrongType = send.ErrWrongType

	// ErrDenied means that the server refused the user: authentication failed, or an
	// access rule denies the command or the key. Nothing was executed.
	ErrDenied = send.ErrDenied

	// ErrOutOfMemory means that the server has reached maxmemory and refused the write.
	// Nothing was executed.
	ErrOutOfMemory = send.ErrOutOfMemory

	// ErrName means that the object's name cannot be used as a key. Nothing was sent.
	ErrName = keys.ErrName
)

// OpError is an error with the operation and the key it concerns. Its text never
// contains a stored value or a password. The text is one line of less than 1 KiB for
// any key and any cause: unprintable characters are quoted or escaped, and long texts
// are cut. The fields hold the full values.
type OpError struct {
	Op  string // "collections.Map.Get"
	Key string // the object's key; empty if the operation has none
	Err error
}

// Error returns a text such as "collections.Map.Get carts: …".
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
	clients.NewOpError = func(op, key string, err error) error { return &OpError{Op: op, Key: key, Err: err} }
}
