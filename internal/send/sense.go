package send

import (
	"fmt"

	"github.com/redis/go-redis/v9"
)

// sense returns the error of a command that was answered, or [ErrReply] if no server answers
// it so: where go-redis takes more than the command can have.
func sense(cmd redis.Cmder, err error, write bool) error {
	why := ""
	switch null := IsNil(err); c := cmd.(type) {
	case *redis.StringCmd, *redis.Cmd: // may be null, or anything
	case *redis.StatusCmd:
		if write && (null || err == nil && c.Val() != "OK") {
			why = "something else than OK"
		}
	case *redis.IntCmd, *redis.FloatCmd:
		if null && write { // of a read it is a place or a score that is not there
			why = "a null in place of a number"
		}
	default:
		if null && !write { // of a write it is a list that is not there
			why = "a null in place of a list"
		}
	}
	if why == "" {
		return err
	}
	return nonsense(why, write)
}

// nonsense is the error of a reply that makes no sense, in words that do not show it.
func nonsense(why string, write bool) error {
	err := Fault(ErrReply, fmt.Errorf("it is %s", why))
	if write {
		return Fault(ErrMaybeRan, err)
	}
	return err
}

// counted is sense for calls that are answered with a number each.
func counted(err error) error {
	if IsNil(err) {
		return nonsense("a null in place of a number", true)
	}
	return err
}
