package outage

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// calm is how long a server has to serve until an outage is over. One that comes back sooner
// is the same outage, so that a connection that breaks again and again is logged once.
const calm = time.Second

// State is whether one server serves what waits there, as far as it was logged.
type State struct {
	reason string // "" while it does
	last   time.Time
}

// Begin notes an error, and reports whether it is to be logged: it has another reason than
// the one before.
func (s *State) Begin(err error) bool {
	known := s.reason
	s.reason, s.last = send.Reason(err), time.Now()
	return s.reason != known
}

// Ended reports, when the server has served, whether the outage is over, if there is one.
func (s *State) Ended() bool { return time.Since(s.last) >= calm }

// What waits for a server.
const (
	Receivers     = "receivers"
	Looks         = "selective receivers"
	Removals      = "receivers that remove a letter"
	Subscriptions = "subscriptions"
)

// Log logs the outages that one client meets, by [slog.Default].
type Log struct {
	open atomic.Int32 // len(states)

	mu      sync.Mutex
	states  map[place]*State
	without map[string]bool // what was logged as refused
}

type place struct{ what, server string }

type part struct{}

// Of returns the log that the objects of a client share.
func Of(h *hub.Hub) *Log {
	return h.Part(part{}, func() any { return &Log{states: map[place]*State{}} }).(*Log)
}

// Begin notes why a server does not serve what waits there.
func (l *Log) Begin(what, server string, err error) {
	p := place{what, server}
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

// Quiet reports that there is no outage, for callers to whom the name of a server costs something.
func (l *Log) Quiet() bool { return l.open.Load() == 0 }

// End notes that a server has served what waits there.
func (l *Log) End(what, server string) {
	if l.Quiet() {
		return
	}
	p := place{what, server}
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

// Server names a server; nil is one that the client does not name.
func Server(node *redis.Client) string {
	if node == nil {
		return "of the client"
	}
	return node.Options().Addr
}
