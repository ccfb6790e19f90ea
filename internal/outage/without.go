package outage

import (
	"log/slog"

	"github.com/desir-go/desir/internal/send"
)

// The values of what for Without: an optional command and its fallback.
const (
	WakeUps   = "wake-ups; receivers poll once a second instead"
	News      = "news of letters; selective receivers scan once a second instead"
	Cancels   = "cancellation of abandoned calls; handlers run to their deadlines instead"
	Deletions = "deletion of results that were read; they expire with their inbox instead"
)

// Without logs, once for each client, that the server refuses a command for which there is a
// fallback. Key is the key or channel of the first refusal. Transient errors are not logged.
func (l *Log) Without(what, key string, err error) {
	if !send.Permanent(err) {
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
		slog.Default().Warn("desir: the server refuses an optional command", "what", what, "key", key, "error", err)
	}
}
