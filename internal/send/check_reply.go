package send

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// Reasons why a reply that go-redis accepts makes no sense.
var (
	errNotOK    = errors.New("it is not OK")
	errNoNumber = errors.New("it is null instead of a number")
	errNoList   = errors.New("it is null instead of a list")
)

// checkReply returns err, or [ErrBadReply] if the command cannot have this reply although
// go-redis accepts it.
func checkReply(cmd redis.Cmder, err error, write bool) error {
	var why error
	switch null := IsNil(err); c := cmd.(type) {
	case *redis.StringCmd, *redis.Cmd: // null and any text are possible
	case *redis.StatusCmd:
		if write && (null || err == nil && c.Val() != "OK") {
			why = errNotOK
		}
	case *redis.IntCmd, *redis.FloatCmd:
		if null && write { // a read returns null for a rank or score that does not exist
			why = errNoNumber
		}
	default:
		if null && !write { // a write returns null for a list that does not exist
			why = errNoList
		}
	}
	if why == nil {
		return err
	}
	return BadReply(why, write)
}

// BadReply returns the error of a reply that the command cannot have: [ErrBadReply] with
// a reason, without the text of the reply. The error of a write is also [ErrMaybeRan].
func BadReply(why error, write bool) error {
	if !errors.Is(why, ErrBadReply) {
		why = WithClass(ErrBadReply, why)
	}
	if write {
		return WithClass(ErrMaybeRan, why)
	}
	return why
}

// checkCount is checkReply for calls whose reply is a number.
func checkCount(err error) error {
	if IsNil(err) {
		return BadReply(errNoNumber, true)
	}
	return err
}
