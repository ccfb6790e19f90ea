package rpc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
)

// Server is a worker of a service: it takes calls and runs handlers. Any number of
// Servers, in any number of processes, share the calls of one service.
//
// Use NewServer. A Server is safe for any number of goroutines.
type Server struct {
	h        *hub.Handle
	service  service
	settings serverSettings
	seal     *seal  // what its calls are sealed with; nil: they are not
	name     string // host:pid
	made     time.Time

	mu       sync.RWMutex
	handlers map[string]*handler
	err      error // why it cannot run
	run      *run  // the worker, while it runs

	warned atomic.Int64 // when warnOfInbox has logged last, by age; 0: never

	stats stats
}

// handler is a method that this server has.
type handler struct {
	info      MethodInfo
	fitting   fitting
	strict    func(body string) error // checks the names in requests of callers without types; nil: there are none
	intercept Interceptor             // nil for none
	usual     usual                   // how long it takes
	run       func(ctx context.Context, body string, dst []byte, around around) ([]byte, error)
}

// around calls a handler inside its interceptors; nil if there are none.
type around func(ctx context.Context, next func(context.Context) error) error

// badBody is why a body could not be decoded: no handler has run.
type badBody struct{ error }

func (b *badBody) Unwrap() error { return b.error }

// Errors of a Server's own.
var (
	// ErrStopped is the cause with which handlers are canceled that still run when the
	// grace period of a Server is over.
	ErrStopped = errors.New("the server has stopped")

	errTwice   = errors.New("the method has two handlers")
	errRunning = errors.New("the server runs already")
)

// NewServer names a worker of a service. It does not talk to Redis and cannot fail: a
// name or an option that cannot work is the error of [Server.Run].
func NewServer(rdb redis.UniversalClient, name string, opts ...ServerOption) *Server {
	settings, err := gatherServer(opts)
	err = errors.Join(err, keys.CheckTag(name))
	host, hostErr := os.Hostname()
	if hostErr != nil {
		host = "unknown"
	}
	return &Server{
		h:        hub.NewHandle(rdb, "rpc.Server", name, err),
		service:  serviceOf(name),
		settings: settings,
		seal:     newSeal(settings.codec, name),
		name:     host + ":" + strconv.Itoa(os.Getpid()),
		made:     time.Now(),
		handlers: map[string]*handler{},
	}
}

// label is the service's name as a log shows it.
func (s *Server) label() string { return oneline.Text(s.h.Key, oneline.Name) }

// handle adds a handler, which has interceptors of its own inside the server's.
func (s *Server) handle(h *handler, own []Interceptor, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers[h.info.Name] != nil {
		err = errors.Join(err, fmt.Errorf("%w: %s", errTwice, oneline.Text(h.info.Name, oneline.Name)))
	}
	s.err = errors.Join(s.err, err)
	if s.handlers == nil { // of a Server that was not made by NewServer
		s.handlers = map[string]*handler{}
	}
	h.usual.unknown()
	h.intercept = chain(slices.Concat(s.settings.intercept, own))
	s.handlers[h.info.Name] = h
}

const warnGap = time.Minute

// warnOfInbox logs, at most once a minute, that clients have inboxes to which the worker does
// not write or may not write.
func (s *Server) warnOfInbox(err error) {
	now, last := int64(s.age()), s.warned.Load()
	if (last == 0 || time.Duration(now-last) >= warnGap) && s.warned.CompareAndSwap(last, now) {
		s.settings.log.Warn("desir: results are not written to the inbox of a client; give both sides the same rpc.InboxPrefix, and the worker's user the right to XADD there",
			"service", s.label(), "error", err)
	}
}

// age is a clock for short times.
func (s *Server) age() time.Duration { return time.Since(s.made) }

// handler returns the handler of a method, or nil.
func (s *Server) handler(method string) *handler {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.handlers[method]
}

// Run takes calls and runs handlers until ctx ends or [Server.Shutdown] is called. Then it
// takes no more, waits for the handlers that run, cancels their contexts when the grace
// period is over ([Grace]), delivers what they return, and returns nil.
//
// A Redis server that does not serve the worker is waited for, with a growing pause, and
// logged once for each change of the reason ([Logger]). If that has lasted from the beginning
// until ctx ends, Run returns [desir.ErrUnavailable] with the reason beside the context's
// error, at most 2 s later. Run returns an error at once if it can never work: a name, an
// option, a handler, a client that is closed, a key of another type, a user who may not.
//
// Once it has returned it may be called again, for a worker with a new identity.
//
// It holds one connection, blocked for up to a second by BLMPOP (BLPOP and LMPOP in an
// embedded server), over which results leave too, by one XADD for those of one client; and
// one that all subscriptions of the client share. Hooks of the client do not see what goes
// over them. Every 2.5 s it renews its lease there, by one script, and through the client
// where that fails. Without a valid lease it takes no calls.
func (s *Server) Run(ctx context.Context) error {
	hub, err := s.h.Hub()
	s.mu.Lock()
	switch {
	case err != nil:
	case s.err != nil:
		err = s.err
	case s.run != nil:
		err = errRunning
	}
	if err != nil {
		s.mu.Unlock()
		return s.h.Fail("Run", err)
	}
	r := newRun(s, hub)
	s.run = r
	s.mu.Unlock()
	defer onClose(hub, s)()
	err = r.serve(ctx)
	s.mu.Lock()
	s.run = nil
	s.mu.Unlock()
	close(r.ended)
	return s.h.Fail("Run", err)
}

// Shutdown lets [Server.Run] end as the end of its context does, and waits until it has
// returned. When ctx ends before that, the handlers that still run are canceled at once, and Shutdown
// returns the context's error. A Server that does not run has nothing to end.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.RLock()
	r := s.run
	s.mu.RUnlock()
	if r == nil {
		return nil
	}
	r.drain()
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		r.cancel()
		return s.h.Fail("Shutdown", ctx.Err())
	}
}

// ServerStats counts what a Server has done since it was made.
type ServerStats struct {
	Running     int64 // handlers that run now
	Done        int64 // calls that ended with a value
	Failed      int64 // calls that ended with the handler's error, or without a word of it, as by a panic
	Panics      int64 // handlers that panicked
	Refused     int64 // calls that reached no handler: unknown, of other types, unreadable, not sealed with its keys
	Replayed    int64 // copies of calls that had begun in this process: they did not run, and got no answer
	Expired     int64 // calls that came too late: past their deadline, or given up before they began
	Late        int64 // results whose client was gone
	Undelivered int64 // results that Redis did not take within a lease, or refused for good: their callers get [desir.ErrMaybeRan]
	Dropped     int64 // incarnations given up since a read was cut or results could not be delivered: calls may have been lost
}

type stats struct {
	running, done, failed, panics, refused, replayed, expired, late, undelivered, dropped atomic.Int64
}

// Stats returns the counts. It asks nobody.
func (s *Server) Stats() ServerStats {
	return ServerStats{
		Running:     s.stats.running.Load(),
		Done:        s.stats.done.Load(),
		Failed:      s.stats.failed.Load(),
		Panics:      s.stats.panics.Load(),
		Refused:     s.stats.refused.Load(),
		Replayed:    s.stats.replayed.Load(),
		Expired:     s.stats.expired.Load(),
		Late:        s.stats.late.Load(),
		Undelivered: s.stats.undelivered.Load(),
		Dropped:     s.stats.dropped.Load(),
	}
}
