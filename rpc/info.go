package rpc

import (
	"context"
	"maps"
	"time"
)

// CallInfo is what interceptors and handlers know of a call besides its value.
type CallInfo struct {
	Service string
	Method  string
	Headers map[string]string // a client's interceptor may add some; a handler must not
	Caller  string            // at the worker: the ID of the client's inbox; with it anybody can send it results, so do not show it to others
	ID      uint64            // at the worker: the call's, at random; 0 for a cast of an older client
	Worker  string            // at the worker: host:pid
}

type infoKey struct{}

// InfoFrom returns what is known of the call that a handler is running for.
func InfoFrom(ctx context.Context) (*CallInfo, bool) {
	info, ok := ctx.Value(infoKey{}).(*CallInfo)
	return info, ok
}

// Interceptor stands around calls, at a client or at a worker: it may look at the
// call, change its headers at the client, hand on another context, refuse with an error of its own instead of calling
// next, or change the error that next returns. At a worker its error goes to the caller as a handler's does.
type Interceptor func(ctx context.Context, call *CallInfo, next func(ctx context.Context) error) error

// chain returns the interceptors as one; the first one is outermost.
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

// MethodInfo is what workers say about a method.
type MethodInfo struct {
	Name    string `json:"name"`
	Doc     string `json:"doc,omitempty"`
	Request string `json:"request"` // type words, as docs/wire.md has them: "[int]", "text", "{}"
	Result  string `json:"result"`
	Workers int    `json:"workers,omitempty"` // how many have it
}

// WorkerInfo is what a worker says about itself.
type WorkerInfo struct {
	ID          string       `json:"id"`   // of its incarnation
	Name        string       `json:"name"` // host:pid
	Started     time.Time    `json:"started"`
	Concurrency int          `json:"concurrency"`
	Methods     []MethodInfo `json:"methods"`
	Inboxes     []string     `json:"inboxes,omitempty"` // prefixes below which it writes results; none for the default ([InboxPrefix])
}

// withHeader returns headers with one more.
func withHeader(headers map[string]string, key, value string) map[string]string {
	headers = maps.Clone(headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[key] = value
	return headers
}
