package listen

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// errKeyEvents is the error for key events of several servers. Each server publishes its own
// events to its own subscribers, so that one connection would receive only a part of them.
var errKeyEvents = send.WithClass(send.ErrNotSupported, errors.New(
	"key events of several nodes: each node publishes only its own; subscribe with a redis.Client for each master, see ForEachMaster"))

// refuseKeyEvents refuses channels and patterns of key events for a client of several servers.
func (l *Listener) refuseKeyEvents(ch channel) error {
	switch l.shared.Redis.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return nil
	}
	if ch.kind != Shard && keyEvents(ch) {
		return errKeyEvents
	}
	return nil
}

// keyEvents reports whether a channel or pattern is for key events.
func keyEvents(ch channel) bool {
	for _, prefix := range []string{"__keyevent@", "__keyspace@"} {
		literal := ch.name
		if ch.kind == Pattern {
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
