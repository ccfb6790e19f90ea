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

// Code classifies an error. The numbers and the names are those of gRPC
// (https://grpc.io/docs/guides/status-codes/), so that gateways can pass them on.
//
// The code does not say whether the handler ran. A worker refuses a call before the
// handler with [ErrUnknownMethod] (Unimplemented), with [InvalidArgument] if types, bytes
// or inbox prefixes do not fit, and under [WithCodec] with [Unauthenticated] or
// [DeadlineExceeded]. Handlers can return the same codes. A worker does not reply to a
// call that is past its deadline.
type Code uint8

// The codes. "Retry" says whether the same call can be made again unchanged.
const (
	OK                 Code = 0  // no error
	Canceled           Code = 1  // the caller or the handler canceled. Retry: if repeating is safe
	Unknown            Code = 2  // an error without a code. Retry: depends on the method
	InvalidArgument    Code = 3  // the request is invalid. Retry: no
	DeadlineExceeded   Code = 4  // too late; it may have had an effect. Retry: if repeating is safe
	NotFound           Code = 5  // the requested thing does not exist. Retry: no
	AlreadyExists      Code = 6  // the thing to be created exists already. Retry: no
	PermissionDenied   Code = 7  // the caller lacks permission. Retry: no
	ResourceExhausted  Code = 8  // a limit or quota is exceeded. Retry: later
	FailedPrecondition Code = 9  // the system is in the wrong state. Retry: after fixing the state
	Aborted            Code = 10 // a concurrent change won. Retry: the whole sequence of calls
	OutOfRange         Code = 11 // a position is past the end. Retry: no
	// No such method (then the error is also ErrUnknownMethod and nothing ran), or a
	// handler's own use. Retry: no.
	Unimplemented   Code = 12
	Internal        Code = 13 // a bug or a panic of the handler. Retry: no
	Unavailable     Code = 14 // temporarily unavailable. Retry: later
	DataLoss        Code = 15 // data is lost or corrupt. Retry: no
	Unauthenticated Code = 16 // the caller is not authenticated. Retry: no
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

// CodeOf returns the code of an error. An [*Error] has its own code. For other errors
// CodeOf returns the closest code, OK for nil, and Unknown if no code fits; the table is
// in https://github.com/desir-go/desir/blob/main/docs/design/0016-rpc.md.
//
// If the caller's own context ended, the code is Canceled or DeadlineExceeded. Use
// errors.Is with [desir.ErrMaybeRan] and [desir.ErrUnavailable] to learn whether the call
// may have run.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	for _, k := range sentinelCodes {
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

var sentinelCodes = []struct {
	err  error
	code Code
}{
	{ErrNoWorkers, Unavailable},
	{ErrUnknownMethod, Unimplemented},
	{ErrOverloaded, ResourceExhausted},
	{context.Canceled, Canceled}, // these two may have had an effect
	{context.DeadlineExceeded, DeadlineExceeded},
	{desir.ErrMaybeRan, Unknown}, // with any other cause
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
	{desir.ErrLost, Aborted},
	{desir.ErrNotSupported, Unimplemented},
	{ErrStopped, Unavailable},
	{desir.ErrUnavailable, Unavailable},
	{errors.ErrUnsupported, Unimplemented},
}
