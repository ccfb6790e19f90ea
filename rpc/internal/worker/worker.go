// Package worker takes the calls of a service, runs handlers, and delivers results. It sees
// requests and results as bytes.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Config configures a worker.
type Config struct {
	Handle      *clients.Handle
	Name        string        // host:pid
	Codec       codec.Codec   // nil: none
	Prefixes    wire.Prefixes // of inboxes that it writes to
	Concurrency int
	Queue       int // how many calls may wait
	Grace       time.Duration
	Log         *slog.Logger
	// About returns what the worker publishes about an incarnation, as JSON.
	About  func(id string, started time.Time) string
	Errors wire.ErrorEncoder

	Stopped       error // the cause with which handlers are canceled
	UnknownMethod error // its text goes to callers of methods without a handler
}

// Worker takes calls of a service and runs handlers.
type Worker struct {
	Config
	keys      wire.Keys
	sealer    *wire.Sealer // opens calls and seals results; nil: no codec
	createdAt time.Time

	mu       sync.RWMutex
	handlers map[string]*Handler
	run      *run // the current run; nil: not running

	warned atomic.Int64 // age at which warnOfInbox last logged; 0: never

	// Stats holds counts: see rpc.ServerStats.
	Stats struct {
		Running, Done, Failed, Panics, Refused, Replayed, Expired, Late, Undelivered, Dropped atomic.Int64
	}
}

// Handler runs calls of a method.
type Handler struct {
	// Check returns why a call is refused, by its signature and its body; nil: it is not.
	Check func(signature, body string) error
	// Run appends the result to dst. Its error may be a [Refusal].
	Run      func(ctx context.Context, call *Info, body string, dst []byte) ([]byte, error)
	estimate estimate // of how long it takes
}

// Refusal is the error of a handler that did not run.
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }

// Info describes a call to its handler: see rpc.CallInfo.
type Info struct {
	Service string
	Method  string
	Headers map[string]string
	Caller  string
	ID      uint64
	Worker  string
}

var errRunning = errors.New("the server is already running")

// New returns a worker of the service whose list is the key of the handle.
func New(config Config) *Worker {
	name := config.Handle.Key
	return &Worker{
		Config: config, keys: wire.KeysOf(name), sealer: wire.NewSealer(config.Codec, name),
		createdAt: time.Now(), handlers: map[string]*Handler{},
	}
}

// Add registers the handler of a method.
func (w *Worker) Add(method string, h *Handler) {
	h.estimate.setUnknown()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handlers[method] = h
}

// handler returns the handler of a method, or nil.
func (w *Worker) handler(method string) *Handler {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.handlers[method]
}

// Serve takes calls and runs handlers until ctx ends or shutdown is called.
func (w *Worker) Serve(ctx context.Context, shared *clients.Shared) error {
	w.mu.Lock()
	if w.run != nil {
		w.mu.Unlock()
		return errRunning
	}
	r := newRun(w, shared)
	w.run = r
	w.mu.Unlock()
	defer shared.OnClose(clients.EndReceiving, w.Shutdown)()
	err := r.serve(ctx)
	w.mu.Lock()
	w.run = nil
	w.mu.Unlock()
	close(r.ended)
	return err
}

// Shutdown makes serve stop, and waits until it has returned. If ctx ends before, it
// cancels the running handlers.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.mu.RLock()
	r := w.run
	w.mu.RUnlock()
	if r == nil {
		return nil
	}
	r.drain()
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		r.cancelHandlers()
		return w.Handle.Fail("Shutdown", ctx.Err())
	}
}

// label returns the service's name in the form used in logs.
func (w *Worker) label() string { return oneline.Text(w.Handle.Key, oneline.Name) }

const warnInterval = time.Minute

// warnOfInbox logs, at most once a minute, that the worker does not or may not write to a
// client's inbox.
func (w *Worker) warnOfInbox(err error) {
	now, last := int64(w.age()), w.warned.Load()
	if (last == 0 || time.Duration(now-last) >= warnInterval) && w.warned.CompareAndSwap(last, now) {
		w.Log.Warn("desir: results are not written to the inbox of a client; give both sides the same rpc.InboxPrefix, and give the worker's user permission for XADD there",
			"service", w.label(), "error", err)
	}
}

// age returns the time since the Worker was made, by the monotonic clock.
func (w *Worker) age() time.Duration { return time.Since(w.createdAt) }
