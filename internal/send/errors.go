package send

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
)

// The classes of errors. The root package exports and documents them.
var (
	ErrMaybeRan     = errors.New("may have been executed; look before you repeat it")
	ErrUnavailable  = errors.New("not executed, Redis could not take it; safe to try again")
	ErrNotSupported = errors.New("not supported here")
	ErrCrossSlot    = keys.ErrCrossSlot // also before sending
	ErrWrongType    = errors.New("the key holds a value of another type")
	ErrDenied       = errors.New("denied by the server's access rules")
	ErrOutOfMemory  = errors.New("refused, the server has reached maxmemory")
	ErrClosed       = errors.New("closed")
	ErrFull         = errors.New("full")
	ErrConflict     = errors.New("other writers kept changing the value; nothing was written")

	// ErrBadReply is the cause if the server, or a proxy, sent a reply that the command
	// cannot have. The error of a write is also ErrMaybeRan. The error of a read has no
	// class.
	ErrBadReply = errors.New("the reply makes no sense; is this a Redis server?")
)

// ErrCloseCalled is the error of calls that began after desir.Close, or were waiting at
// that time.
var ErrCloseCalled = WithClass(ErrClosed, closeCalled{})

// closeCalled is the cause of ErrCloseCalled. It is also go-redis' error for a closed
// client.
type closeCalled struct{}

func (closeCalled) Error() string { return "desir.Close was called for its client" }
func (closeCalled) Unwrap() error { return redis.ErrClosed }

// classError is an error with a class. errors.Is finds the class and the cause.
type classError struct {
	class error
	cause error
}

// WithClass returns an error of the given class and cause. Its text has both.
func WithClass(class, cause error) error { return &classError{class: class, cause: cause} }

// Cause returns the cause of an error without its class. Use it where the class describes
// another command than the one whose error is returned. A context's error is kept.
func Cause(err error) error {
	f, ok := errors.AsType[*classError](err)
	switch {
	case !ok:
		return err
	case f.class == context.Canceled, f.class == context.DeadlineExceeded:
		return WithClass(f.class, Cause(f.cause))
	default:
		return f.cause
	}
}

func (f *classError) Error() string {
	return f.class.Error() + ": " + oneline.Line(f.cause.Error(), oneline.Message)
}

func (f *classError) Unwrap() []error { return []error{f.class, f.cause} }

// shortenedReply is an error reply whose text was shortened, because the server quotes
// the command's arguments in it.
type shortenedReply string

func (r shortenedReply) Error() string { return string(r) }

// RedisError marks it as an error of the server.
func (shortenedReply) RedisError() {}

// errIsCluster is the cause if a client of one server is used with a cluster.
var errIsCluster = errors.New("this is a cluster: open it as redis+cluster://…, or by redis.NewClusterClient")

// errNotCluster is the cause if a client for clusters is used with a single server.
var errNotCluster = errors.New("this server belongs to no cluster: open it as redis://…, or by redis.NewClient")

// errUnknownMaster is the cause if the sentinels do not know the master that the client
// names.
var errUnknownMaster = errors.New("the sentinels know no master of this name; SENTINEL MASTERS lists those that they know")

// errTooManyAbandoned is the cause if MaxAbandoned abandoned commands wait for their
// replies.
var errTooManyAbandoned = errors.New("64 commands without a reply; the server does not respond")
