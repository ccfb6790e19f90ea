package rpc

import (
	"context"
	"errors"
	"io/fs"
	"strconv"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/coded"
)

// Code says what kind of failure an error is. The numbers and the names are those of
// gRPC (https://grpc.io/docs/guides/status-codes/), so that gateways can pass them on.
//
// Whether the handler has run is not in the code. Of what a worker answers, only [ErrUnknownMethod], and
// [InvalidArgument] for types or bytes that do not fit, come from before the handler; a call that is past
// its deadline is not answered.
type Code uint8

// The codes. "Again" says whether the same call may be made again as it is.
const (
	OK                 Code = 0  // no error
	Canceled           Code = 1  // the caller, or the handler, gave up. Again: if repeating the effect is fine
	Unknown            Code = 2  // an error without a code: it ran. Again: only the caller knows
	InvalidArgument    Code = 3  // what was asked cannot be right. Again: no
	DeadlineExceeded   Code = 4  // time ran out; it may have had an effect. Again: if repeating that is fine
	NotFound           Code = 5  // there is no such thing. Again: no
	AlreadyExists      Code = 6  // there is one already. Again: no
	PermissionDenied   Code = 7  // the caller may not do this. Again: no
	ResourceExhausted  Code = 8  // too much, too large, too often. Again: later
	FailedPrecondition Code = 9  // something else has to happen first. Again: after that
	Aborted            Code = 10 // lost against somebody else. Again: from the start of the whole
	OutOfRange         Code = 11 // past the end. Again: no
	Unimplemented      Code = 12 // no such method (then it is ErrUnknownMethod too, and did not run), or a handler's word. Again: no
	Internal           Code = 13 // a bug, a panic: it ran. Again: no
	Unavailable        Code = 14 // not now. Again: later
	DataLoss           Code = 15 // data is gone or spoilt. Again: no
	Unauthenticated    Code = 16 // nobody knows who is asking. Again: no
)

var codeNames = [...]string{
	"ok", "canceled", "unknown", "invalid argument", "deadline exceeded", "not found", "already exists", "permission denied",
	"resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented", "internal", "unavailable",
	"data loss", "unauthenticated",
}

// String returns the name of the code.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "code " + strconv.Itoa(int(c))
}

// CodeOf returns the code of an error: of an [*Error] its own, of others the one that
// fits, as docs/design/0016-rpc.md lists them; OK for nil and Unknown where nothing is
// known. The end of the caller's own context is
// Canceled or DeadlineExceeded; [desir.ErrMaybeRan] and [desir.ErrUnavailable] tell
// whether the call may have run.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			return k.code
		}
	}
	if e, ok := errors.AsType[*coded.Error](err); ok {
		return Code(e.Code)
	}
	if _, ok := errors.AsType[*codec.DecodeError](err); ok {
		return DataLoss
	}
	return Unknown
}

var known = []struct {
	err  error
	code Code
}{
	{ErrNoWorkers, Unavailable},
	{ErrUnknownMethod, Unimplemented},
	{ErrOverloaded, ResourceExhausted},
	{context.Canceled, Canceled}, // these two may have had an effect
	{context.DeadlineExceeded, DeadlineExceeded},
	{desir.ErrMaybeRan, Unknown}, // whatever else it is
	{fs.ErrNotExist, NotFound},
	{fs.ErrExist, AlreadyExists},
	{fs.ErrPermission, PermissionDenied},
	{codec.ErrTooLarge, ResourceExhausted},
	{codec.ErrSignature, Unauthenticated},
	{codec.ErrUnsupported, Unimplemented},
	{desir.ErrDenied, PermissionDenied},
	{desir.ErrName, InvalidArgument},
	{errName, InvalidArgument},
	{desir.ErrCrossSlot, InvalidArgument},
	{desir.ErrWrongType, FailedPrecondition},
	{desir.ErrClosed, FailedPrecondition},
	{desir.ErrFull, ResourceExhausted},
	{desir.ErrOutOfMemory, ResourceExhausted},
	{desir.ErrConflict, Aborted},
	{desir.ErrNotSupported, Unimplemented},
	{ErrStopped, Unavailable},
	{desir.ErrUnavailable, Unavailable},
	{errors.ErrUnsupported, Unimplemented},
}
