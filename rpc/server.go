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

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Server is a worker of a service: it takes calls and runs handlers. Any number of
// Servers, in any number of processes, share the calls of a service.
//
// Use [NewServer] to make a Server. A Server is safe for concurrent use.
type Server struct {
	h         *clients.Handle
	keys      wire.Keys
	settings  serverSettings
	sealer    *wire.Sealer // opens calls and seals results; nil: no codec
	name      string       // host:pid
	createdAt time.Time

	mu       sync.RWMutex
	handlers map[string]*handler
	err      error      // why it cannot run
	run      *serverRun // the current run; nil: not running

	warned atomic.Int64 // age at which warnOfInbox last logged; 0: never

	stats stats
}

// handler is a registered handler of a method.
type handler struct {
	info       MethodInfo
	signatures signatureMatcher
	// Checks the field names in requests of untyped callers; nil: nothing to check.
	strict    func(body string) error
	intercept Interceptor // nil: none
	estimate  estimate    // estimate of how long it takes
	run       func(ctx context.Context, body string, dst []byte, around interceptorCall) ([]byte, error)
}

// interceptorCall calls a handler inside its interceptors; nil: there are none.
type interceptorCall func(ctx context.Context, next func(context.Context) error) error

// requestDecodeError reports that a body could not be decoded: no handler ran.
type requestDecodeError struct{ error }

func (b *requestDecodeError) Unwrap() error { return b.error }

// Errors of a Server.
var (
	// ErrStopped is the cause of the cancellation of handlers that still run when the
	// grace period of a Server ends. See [Grace].
	ErrStopped = errors.New("the server has stopped")

	errDuplicateHandler = errors.New("the method has two handlers")
	errRunning          = errors.New("the server is already running")
)

// NewServer returns a worker of the service with the given name. It sends nothing and
// cannot fail: if the name or an option is invalid, [Server.Run] returns the error.
func NewServer(rdb redis.UniversalClient, name string, opts ...ServerOption) *Server {
	settings, err := gatherServer(opts)
	err = errors.Join(err, keys.CheckTag(name))
	host, hostErr := os.Hostname()
	if hostErr != nil {
		host = "unknown"
	}
	return &Server{
		h:         clients.NewHandle(rdb, "rpc.Server", name, err),
		keys:      wire.KeysOf(name),
		settings:  settings,
		sealer:    wire.NewSealer(settings.codec, name),
		name:      host + ":" + strconv.Itoa(os.Getpid()),
		createdAt: time.Now(),
		handlers:  map[string]*handler{},
	}
}

// label returns the service's name in the form used in logs.
func (s *Server) label() string { return oneline.Text(s.h.Key, oneline.Name) }

// handle registers a handler. Its own interceptors run inside the server's.
func (s *Server) handle(h *handler, own []Interceptor, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers[h.info.Name] != nil {
		err = errors.Join(err, fmt.Errorf("%w: %s", errDuplicateHandler, oneline.Text(h.info.Name, oneline.Name)))
	}
	s.err = errors.Join(s.err, err)
	if s.handlers == nil { // the Server was not made by NewServer
		s.handlers = map[string]*handler{}
	}
	h.estimate.setUnknown()
	h.intercept = chain(slices.Concat(s.settings.intercept, own))
	s.handlers[h.info.Name] = h
}

const warnInterval = time.Minute

// warnOfInbox logs, at most once a minute, that the worker does not or may not write to a
// client's inbox.
func (s *Server) warnOfInbox(err error) {
	now, last := int64(s.age()), s.warned.Load()
	if (last == 0 || time.Duration(now-last) >= warnInterval) && s.warned.CompareAndSwap(last, now) {
		s.settings.log.Warn("desir: results are not written to the inbox of a client; give both sides the same rpc.InboxPrefix, and give the worker's user permission for XADD there",
			"service", s.label(), "error", err)
	}
}

// age returns the time since the Server was made, by the monotonic clock.
func (s *Server) age() time.Duration { return time.Since(s.createdAt) }

// handler returns the handler of a method, or nil.
func (s *Server) handler(method string) *handler {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.handlers[method]
}

// Run takes calls and runs handlers until ctx ends or [Server.Shutdown] is called. Then
// it takes no more calls, waits for the running handlers, cancels their contexts when the
// grace period ends ([Grace]), delivers their results, and returns nil.
//
// While Redis does not serve the worker, Run retries with a growing backoff. It logs each
// change of the reason once ([Logger]). If Redis did not serve the worker from the start
// until ctx ends, Run returns [desir.ErrUnavailable] at most 2 s later; the error wraps
// the reason and ctx.Err. Run returns an error at once if it can never work: an invalid
// name, option or handler, a closed client, a key of another type, or a user without the
// permissions.
//
// Run can be called again after it has returned. The worker then has a new identity.
//
// Run holds two connections, and hooks of the client do not see what is sent over them.
// One is dedicated to calls: it blocks up to a second in BLMPOP (BLPOP and LMPOP on an
// embedded server), and carries results, with one XADD per client. The other carries the
// cancels of callers and is shared by all subscriptions of the redis client. Every 2.5 s
// Run renews the worker's lease by one script over the first connection; if that fails,
// it uses the client's pool. Without a valid lease the worker takes no calls.
func (s *Server) Run(ctx context.Context) error {
	shared, err := s.h.Shared()
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
	r := newServerRun(s, shared)
	s.run = r
	s.mu.Unlock()
	defer onClose(shared, s)()
	err = r.serve(ctx)
	s.mu.Lock()
	s.run = nil
	s.mu.Unlock()
	close(r.ended)
	return s.h.Fail("Run", err)
}

// Shutdown makes [Server.Run] stop as the end of its context does, and waits until Run
// has returned. If ctx ends before, Shutdown cancels the running handlers at once and
// returns ctx.Err. If the Server does not run, Shutdown does nothing and returns nil.
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
		r.cancelHandlers()
		return s.h.Fail("Shutdown", ctx.Err())
	}
}

// ServerStats holds counts of a Server since it was made.
type ServerStats struct {
	// Running is the number of handlers that run now.
	Running int64

	// Done counts calls that ended with a value.
	Done int64

	// Failed counts calls whose handler returned an error, panicked, or ended its
	// goroutine.
	Failed int64

	// Panics counts handlers that panicked.
	Panics int64

	// Refused counts calls that reached no handler: unknown method, other types,
	// unreadable, or not sealed with the worker's keys.
	Refused int64

	// Replayed counts copies of calls that had already begun in this process. They did
	// not run and got no reply.
	Replayed int64

	// Expired counts calls that were not started, because their deadline had passed or
	// the caller had canceled them.
	Expired int64

	// Late counts results whose client was gone.
	Late int64

	// Undelivered counts results that Redis did not accept within a lease (10 s), or
	// refused permanently. Their calls end with [desir.ErrMaybeRan].
	Undelivered int64

	// Dropped counts how often the worker gave up its identity, because a read was cut
	// off or results could not be delivered. Calls may have been lost.
	Dropped int64
}

type stats struct {
	running, done, failed, panics, refused, replayed, expired, late, undelivered, dropped atomic.Int64
}

// Stats returns the counts. It sends nothing.
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

// onClose makes a worker shut down when its redis client is closed by desir.
func onClose(h *clients.Shared, s *Server) (cancel func()) {
	return h.OnClose(clients.EndReceiving, s.Shutdown)
}
