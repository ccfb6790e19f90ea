// Package coded makes sentinel errors with a code of package rpc, for packages that
// cannot import package rpc.
package coded

// The codes in use. They have the values of package rpc.
const (
	PermissionDenied = 7
	Aborted          = 10
	OutOfRange       = 11
	Unimplemented    = 12
)

// Error is a sentinel with a code.
type Error struct {
	text string
	Code uint8
}

// New returns a new sentinel. It does not equal any other error.
func New(text string, code uint8) error { return &Error{text, code} }

func (e *Error) Error() string { return e.text }
