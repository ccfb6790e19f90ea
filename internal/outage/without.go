package outage

import (
	"log/slog"

	"github.com/desir-go/desir/internal/send"
)

// What is done in another way where the server refuses it.
const (
	WakeUps   = "wake-ups: receivers look once a second"
	News      = "news of letters: selective receivers look once a second"
	Cancels   = "messages that calls were given up: handlers run to their deadlines"
	Deletions = "the deletion of results that were read: they expire with their inbox"
)

// Without logs, once for a client, that the server refuses something that is done in another
// way then. Key is where that was seen first. Any other error is not logged.
func (l *Log) Without(what, key string, err error) {
	if err == nil || send.Transient(err) {
		return
	}
	l.mu.Lock()
	known := l.without[what]
	if l.without == nil {
		l.without = map[string]bool{}
	}
	l.without[what] = true
	l.mu.Unlock()
	if !known {
		slog.Default().Warn("desir: the server refuses what is done in another way then", "what", what, "key", key, "error", err)
	}
}
