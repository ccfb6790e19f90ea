package listen

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// errKeyEvents is why key events of several servers are refused: each server publishes its
// own to its own subscribers, and one connection would receive a part of them.
var errKeyEvents = send.Fault(send.ErrNotSupported, errors.New(
	"key events of several nodes: each node sends its own alone; subscribe by a redis.Client of each master, as ForEachMaster names them"))

// refuseKeyEvents refuses channels and patterns of key events for a client of several servers.
func (l *Listener) refuseKeyEvents(w wire) error {
	switch l.hub.Client.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return nil
	}
	if w.kind != Shard && keyEvents(w) {
		return errKeyEvents
	}
	return nil
}

// keyEvents reports whether a name is meant for key events.
func keyEvents(w wire) bool {
	for _, prefix := range []string{"__keyevent@", "__keyspace@"} {
		literal := w.name
		if w.kind == Pattern {
			if i := strings.IndexAny(literal, `*?[\`); i >= 0 {
				literal = literal[:i]
			}
			if strings.HasPrefix(literal, "__key") && strings.HasPrefix(prefix, literal) {
				return true // "__key*"
			}
		}
		if strings.HasPrefix(literal, prefix) {
			return true
		}
	}
	return false
}
