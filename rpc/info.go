package rpc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/wire"
	"github.com/desir-go/desir/rpc/internal/worker"
)

// CallInfo describes a call to interceptors and handlers.
type CallInfo struct {
	Service string
	Method  string
	// Headers of the call. A client's interceptor may add headers; a handler must not.
	Headers map[string]string
	// Caller is set at the worker only. It is the name of the client's inbox. Anyone who
	// knows it can send results to the client, so do not show it to others.
	Caller string
	// ID is set at the worker only. It is random; 0 for a cast of an older client.
	ID uint64
	// Worker is set at the worker only, as host:pid.
	Worker string
}

// InfoFrom returns the description of the call that a handler runs for. ctx is the
// handler's context or one derived from it.
func InfoFrom(ctx context.Context) (*CallInfo, bool) {
	info, ok := worker.InfoFrom(ctx)
	return (*CallInfo)(info), ok
}

// Interceptor wraps calls at a client or at a worker. It calls next to continue with the
// call. It may pass another context to next, return its own error without calling next,
// or replace the error of next. At a client it may change the headers of the call. At a
// worker its error goes to the caller as the handler's error does.
type Interceptor func(ctx context.Context, call *CallInfo, next func(ctx context.Context) error) error

// chain combines interceptors; the first one is outermost.
func chain(all []Interceptor) Interceptor {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	first, rest := all[0], chain(all[1:])
	return func(ctx context.Context, call *CallInfo, next func(context.Context) error) error {
		return first(ctx, call, func(ctx context.Context) error { return rest(ctx, call, next) })
	}
}

// MethodInfo is what workers publish about a method.
type MethodInfo struct {
	Name    string `json:"name"`
	Doc     string `json:"doc,omitempty"`
	Request string `json:"request"` // type signatures as in docs/wire.md: "[int]", "text", "{}"
	Result  string `json:"result"`
	Workers int    `json:"workers,omitempty"` // number of workers that have it
}

// WorkerInfo is what a worker publishes about itself.
type WorkerInfo struct {
	ID          string       `json:"id"`   // identity of this run; random
	Name        string       `json:"name"` // host:pid
	Started     time.Time    `json:"started"`
	Concurrency int          `json:"concurrency"`
	Methods     []MethodInfo `json:"methods"`
	// Inboxes lists the prefixes of inboxes to which it writes results; empty for the
	// default only. See [InboxPrefix].
	Inboxes []string `json:"inboxes,omitempty"`
}

// withHeader returns a copy of headers with one more.
func withHeader(headers map[string]string, key, value string) map[string]string {
	headers = maps.Clone(headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[key] = value
	return headers
}

// inboxesOf returns prefixes for WorkerInfo: nil if only the default is used.
func inboxesOf(prefixes wire.Prefixes) []string {
	all := slices.Clone([]string(prefixes))
	for i, p := range all {
		all[i] = wire.PrefixKey(p)
	}
	return all
}

// writesTo reports whether the worker says that it writes to inboxes with the prefix.
func (w *WorkerInfo) writesTo(prefix string) bool {
	if len(w.Inboxes) == 0 {
		return prefix == ""
	}
	return slices.Contains(w.Inboxes, wire.PrefixKey(prefix))
}

// inboxError returns the error of a client whose prefix the worker does not serve.
func (w *WorkerInfo) inboxError(prefix string) error {
	own := wire.PrefixKey("")
	if len(w.Inboxes) > 0 {
		own = w.Inboxes[0]
	}
	return fmt.Errorf("the worker %s does not write results to inboxes with the prefix %q; give the client rpc.InboxPrefix(%s), or the worker the other prefix as well",
		oneline.Text(w.Name, oneline.Short), wire.PrefixKey(prefix), oneline.Quote(own, oneline.Short))
}
