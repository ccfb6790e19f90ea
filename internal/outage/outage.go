package outage

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// quietPeriod is how long after its last error a server has to serve before an outage is
// over. So a connection that breaks repeatedly is logged once.
const quietPeriod = time.Second

// State is the logged state of one server.
type State struct {
	reason string    // of the outage; "" if there is none
	last   time.Time // of the last error
}

// Begin records an error, and reports whether it has to be logged because its reason
// differs from that of the previous error.
func (s *State) Begin(err error) bool {
	known := s.reason
	s.reason, s.last = send.Reason(err), time.Now()
	return s.reason != known
}

// Ended reports whether an outage is over. It is called when the server has served a
// request.
func (s *State) Ended() bool { return time.Since(s.last) >= quietPeriod }

// The values of what for Begin and End: the callers that wait for a server.
const (
	Receivers          = "receivers"
	SelectiveReceivers = "selective receivers"
	Removals           = "receivers that remove a letter"
	Subscriptions      = "subscriptions"

	WakeUpSubscriptions = "subscriptions to wake-ups"
)

// Log logs the outages of one client's servers with [slog.Default].
type Log struct {
	open atomic.Int32 // len(states)

	mu      sync.Mutex
	states  map[stateKey]*State
	without map[string]bool // what Without has logged
}

type stateKey struct{ what, server string }

// logKey is the key of the Log among the values of a client.
type logKey struct{}

// Of returns the log that the objects of a client share.
func Of(h *clients.Shared) *Log {
	return clients.Value(h, logKey{}, func() *Log { return &Log{states: map[stateKey]*State{}} })
}

// Begin records why a server does not serve its callers. It logs a changed reason.
func (l *Log) Begin(what, server string, err error) {
	p := stateKey{what, server}
	l.mu.Lock()
	s := l.states[p]
	if s == nil {
		s = &State{}
		l.states[p] = s
		l.open.Store(int32(len(l.states)))
	}
	changed := s.Begin(err)
	l.mu.Unlock()
	if changed {
		slog.Default().Warn("desir: waiting for a server", "server", p.server, "what", what, "error", err)
	}
}

// Quiet reports whether there is no outage. Callers use it to avoid the cost of [Server].
func (l *Log) Quiet() bool { return l.open.Load() == 0 }

// End records that a server has served its callers. It logs the end of an outage.
func (l *Log) End(what, server string) {
	if l.Quiet() {
		return
	}
	p := stateKey{what, server}
	l.mu.Lock()
	s := l.states[p]
	over := s != nil && s.Ended()
	if over {
		delete(l.states, p)
		l.open.Store(int32(len(l.states)))
	}
	l.mu.Unlock()
	if over {
		slog.Default().Info("desir: the server serves again", "server", p.server, "what", what)
	}
}

// Server returns the name of a server for logs. A nil node is one that the client does
// not identify.
func Server(node *redis.Client) string {
	if node == nil {
		return "a server of the client"
	}
	return node.Options().Addr
}
