package send

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// Why a reply that go-redis takes makes no sense.
var (
	errNotOK    = errors.New("it is something else than OK")
	errNoNumber = errors.New("it is a null in place of a number")
	errNoList   = errors.New("it is a null in place of a list")
)

// sense returns the error of a command that was answered, or [ErrReply] if no server answers
// it so: where go-redis takes more than the command can have.
func sense(cmd redis.Cmder, err error, write bool) error {
	var why error
	switch null := IsNil(err); c := cmd.(type) {
	case *redis.StringCmd, *redis.Cmd: // may be null, or anything
	case *redis.StatusCmd:
		if write && (null || err == nil && c.Val() != "OK") {
			why = errNotOK
		}
	case *redis.IntCmd, *redis.FloatCmd:
		if null && write { // of a read it is a place or a score that is not there
			why = errNoNumber
		}
	default:
		if null && !write { // of a write it is a list that is not there
			why = errNoList
		}
	}
	if why == nil {
		return err
	}
	return Nonsense(why, write)
}

// Nonsense is the error of a reply that the command cannot have: [ErrReply] with a reason that
// does not show it. A write may have been executed.
func Nonsense(why error, write bool) error {
	if !errors.Is(why, ErrReply) {
		why = Fault(ErrReply, why)
	}
	if write {
		return Fault(ErrMaybeRan, why)
	}
	return why
}

// counted is sense for calls that are answered with a number each.
func counted(err error) error {
	if IsNil(err) {
		return Nonsense(errNoNumber, true)
	}
	return err
}
