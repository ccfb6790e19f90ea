package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/worker"
)

// Server is a worker of a service: it takes calls and runs handlers. Any number of
// Servers, in any number of processes, share the calls of a service.
//
// Use [NewServer] to make a Server. A Server is safe for concurrent use.
type Server struct {
	h         *clients.Handle
	intercept []Interceptor
	worker    *worker.Worker

	mu      sync.RWMutex
	methods map[string]MethodInfo // those that have handlers
	err     error                 // why it cannot run
}

// Errors of a Server.
var (
	// ErrStopped is the cause of the cancellation of handlers that still run when the
	// grace period of a Server ends. See [Grace].
	ErrStopped = errors.New("the server has stopped")

	errDuplicateHandler = errors.New("the method has two handlers")
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
	s := &Server{
		h:         clients.NewHandle(rdb, "rpc.Server", name, err),
		intercept: settings.intercept,
		methods:   map[string]MethodInfo{},
	}
	process := host + ":" + strconv.Itoa(os.Getpid())
	config := settings.Config
	config.Handle, config.Name, config.Errors = s.h, process, errorsOnWire
	config.Stopped, config.UnknownMethod = ErrStopped, ErrUnknownMethod
	config.About = func(id string, started time.Time) string {
		return s.about(WorkerInfo{ID: id, Name: process, Started: started, Concurrency: config.Concurrency, Inboxes: inboxesOf(config.Prefixes)})
	}
	s.worker = worker.New(config)
	return s
}

// handle registers a handler. err is why it cannot run.
func (s *Server) handle(info MethodInfo, h *worker.Handler, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, twice := s.methods[info.Name]; twice {
		err = errors.Join(err, fmt.Errorf("%w: %s", errDuplicateHandler, oneline.Text(info.Name, oneline.Name)))
	}
	s.err = errors.Join(s.err, err)
	if s.worker != nil { // else the Server was not made by NewServer
		s.methods[info.Name] = info
		s.worker.Add(info.Name, h)
	}
}

// about adds the methods to what the worker publishes about itself, as JSON.
func (s *Server) about(info WorkerInfo) string {
	s.mu.RLock()
	for _, m := range s.methods {
		info.Methods = append(info.Methods, m)
	}
	s.mu.RUnlock()
	slices.SortFunc(info.Methods, func(a, b MethodInfo) int { return strings.Compare(a.Name, b.Name) })
	text, _ := json.Marshal(info) // cannot fail: strings and numbers
	return string(text)
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
	if err == nil {
		s.mu.RLock()
		err = s.err
		s.mu.RUnlock()
	}
	if err == nil {
		err = s.worker.Serve(ctx, shared)
	}
	return s.h.Fail("Run", err)
}

// Shutdown makes [Server.Run] stop as the end of its context does, and waits until Run
// has returned. If ctx ends before, Shutdown cancels the running handlers at once and
// returns ctx.Err. If the Server does not run, Shutdown does nothing and returns nil.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.worker == nil {
		return nil
	}
	return s.worker.Shutdown(ctx)
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

// Stats returns the counts. It sends nothing.
func (s *Server) Stats() ServerStats {
	if s.worker == nil {
		return ServerStats{}
	}
	st := &s.worker.Stats
	return ServerStats{
		Running:     st.Running.Load(),
		Done:        st.Done.Load(),
		Failed:      st.Failed.Load(),
		Panics:      st.Panics.Load(),
		Refused:     st.Refused.Load(),
		Replayed:    st.Replayed.Load(),
		Expired:     st.Expired.Load(),
		Late:        st.Late.Load(),
		Undelivered: st.Undelivered.Load(),
		Dropped:     st.Dropped.Load(),
	}
}
