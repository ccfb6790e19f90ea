package clients

import (
	"errors"

	"github.com/desir-go/desir/internal/send"
)

// The root package sets these when it is initialized: its types are public, how they are
// made is not.
var (
	NewOpError func(op, key string, err error) error // makes a *desir.OpError
	NewObject  any                                   // func(*Handle) desir.Object
	NewLease   any                                   // func(*lease.Lease, ...*lease.Lease) desir.Lease
)

var errNull = errors.New("a null")

// Fail returns err as a *desir.OpError of an operation of the object, or nil.
func (h *Handle) Fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if send.IsNil(err) { // a command whose null reply means something has replaced it
		err = send.BadReply(errNull, false)
	}
	if h == nil {
		return NewOpError(op, "", err)
	}
	return NewOpError(h.Type+"."+op, h.Key, err)
}
