package send

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
)

// The classes of failure. The root package exports them; their meaning for a
// caller is documented there.
var (
	ErrMaybeRan     = errors.New("may have been executed; look before you repeat it")
	ErrUnavailable  = errors.New("not executed, Redis could not take it; safe to try again")
	ErrNotSupported = errors.New("not supported here")
	ErrCrossSlot    = keys.ErrCrossSlot // also before sending
	ErrWrongType    = errors.New("the key holds a value of another type")
	ErrDenied       = errors.New("denied by the server's access rules")
	ErrOutOfMemory  = errors.New("refused, the server has reached maxmemory")
	ErrClosed       = errors.New("closed")

	// ErrReply is the reason where a server, or something before it, has sent a reply that
	// the command cannot have. A write is ErrMaybeRan beside it, a read has no class.
	ErrReply = errors.New("the reply makes no sense; is this a Redis server?")
)

// ErrShut is the error of what began after a client was closed by desir.Close, or waited then.
var ErrShut = Fault(ErrClosed, shut{})

// shut is the reason of ErrShut, and go-redis' own error for a closed client as well.
type shut struct{}

func (shut) Error() string { return "desir.Close was called for its client" }
func (shut) Unwrap() error { return redis.ErrClosed }

// fault is a failure with its class: errors.Is finds the class and the cause.
type fault struct {
	class error
	cause error
}

// Fault returns an error of class with the reason cause. The text shows both.
func Fault(class, cause error) error { return &fault{class: class, cause: cause} }

// Bare returns the reason of an error without its class, which says of something else
// whether it was executed. The end of a context stays.
func Bare(err error) error {
	f, ok := errors.AsType[*fault](err)
	switch {
	case !ok:
		return err
	case f.class == context.Canceled, f.class == context.DeadlineExceeded:
		return Fault(f.class, Bare(f.cause))
	default:
		return f.cause
	}
}

func (f *fault) Error() string {
	return f.class.Error() + ": " + oneline.Line(f.cause.Error(), oneline.Message)
}

func (f *fault) Unwrap() []error { return []error{f.class, f.cause} }

// reply is an error reply whose text was shortened because the server had
// quoted the command's arguments in it.
type reply string

func (r reply) Error() string { return string(r) }

// RedisError marks reply as an error that the server sent.
func (reply) RedisError() {}

// errCluster is the reason when a client of one server meets a cluster.
var errCluster = errors.New("this is a cluster: open it as redis+cluster://…, or by redis.NewClusterClient")

// errSingle is the reason when a client of a cluster meets a server that belongs to none.
var errSingle = errors.New("this server belongs to no cluster: open it as redis://…, or by redis.NewClient")

// errMaster is the reason when sentinels do not have the master that a client names.
var errMaster = errors.New("the sentinels know no master of this name; SENTINEL MASTERS lists those that they know")

// errLeft is the reason when MaxLeft commands wait for their answers.
var errLeft = errors.New("64 commands without an answer; the server does not respond")
