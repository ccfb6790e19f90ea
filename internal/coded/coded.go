// Package coded makes sentinel errors that carry a code of package rpc, for packages that
// package rpc does not import.
package coded

// The codes in use, with the numbers of package rpc.
const (
	PermissionDenied = 7
	OutOfRange       = 11
	Unimplemented    = 12
)

// Error is a sentinel with its code.
type Error struct {
	text string
	Code uint8
}

// New returns a sentinel that is equal to no other.
func New(text string, code uint8) error { return &Error{text, code} }

func (e *Error) Error() string { return e.text }
