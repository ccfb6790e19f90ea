package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/rpc/internal/caller"
	"github.com/desir-go/desir/rpc/internal/wire"
	"github.com/desir-go/desir/rpc/internal/worker"
)

// MethodOption is an option of [NewMethod].
type MethodOption interface{ applyMethod(*methodSettings) }

// HandlerOption is an option of [Method.Handle].
type HandlerOption interface{ applyHandler(*handlerSettings) }

// ServerOption is an option of [NewServer]. It applies to this Server only.
type ServerOption interface{ applyServer(*serverSettings) }

// ClientOption is an option of [NewClient].
type ClientOption interface{ applyClient(*clientSettings) }

// CallOption is an option of one call.
type CallOption interface{ applyCall(*callSettings) }

type methodSettings struct{ doc string }

type methodOption func(*methodSettings)

func (o methodOption) applyMethod(s *methodSettings) { o(s) }

// Doc sets the description of a method that [Client.Methods] returns. The default is
// empty.
func Doc(text string) MethodOption { return methodOption(func(s *methodSettings) { s.doc = text }) }

type handlerSettings struct{ intercept []Interceptor }

type clientSettings struct {
	caller.Config
	intercept []Interceptor
	errs      []error
}

type serverSettings struct {
	worker.Config
	intercept []Interceptor
	errs      []error
}

type serverOption func(*serverSettings)

func (o serverOption) applyServer(s *serverSettings) { o(s) }

const (
	defaultConcurrency = 1000
	defaultQueue       = 10_000
	defaultGrace       = 30 * time.Second
)

// Concurrency sets how many handlers this Server runs at the same time, n ≥ 1. A worker
// takes no more calls than it can run. The default is 1000.
//
// Handlers that call methods of their own service occupy one handler per level of
// nesting. If callers times depth exceeds the handlers of all workers, these calls wait
// for each other until their contexts end.
func Concurrency(n int) ServerOption {
	return serverOption(func(s *serverSettings) { s.Concurrency = n })
}

// QueueLimit sets how many calls of the service may wait for a worker, n ≥ 1. Further
// calls fail with [ErrOverloaded]. If workers disagree, the one that last renewed its
// lease decides. The default is 10 000.
func QueueLimit(n int) ServerOption { return serverOption(func(s *serverSettings) { s.Queue = n }) }

// Grace sets how long handlers may continue when the Server stops. After that their
// contexts are canceled with the cause [ErrStopped]. 0 cancels them at once. The default
// is 30 s.
func Grace(d time.Duration) ServerOption {
	return serverOption(func(s *serverSettings) { s.Grace = d })
}

// Logger sets where a Server logs. It logs panics of handlers, trouble with Redis (once
// for each change of the reason), and results that it could not deliver. The default is
// [slog.Default]; nil disables logging.
func Logger(l *slog.Logger) ServerOption { return serverOption(func(s *serverSettings) { s.Log = l }) }

// InterceptOption is an option of a [Server], of a [Client], or of one handler.
type InterceptOption interface {
	ServerOption
	ClientOption
	HandlerOption
}

type interceptOption []Interceptor

func (o interceptOption) applyServer(s *serverSettings) { s.intercept = append(s.intercept, o...) }

func (o interceptOption) applyClient(s *clientSettings) { s.intercept = append(s.intercept, o...) }

func (o interceptOption) applyHandler(s *handlerSettings) { s.intercept = append(s.intercept, o...) }

// Intercept adds interceptors. The first one is outermost. A Server's interceptors run
// outside those of a handler.
func Intercept(all ...Interceptor) InterceptOption { return interceptOption(all) }

// SideOption is an option of both [Server] and [Client]. The two sides of a service need
// the same value.
type SideOption interface {
	ServerOption
	ClientOption
}

type inboxOption string

func (o inboxOption) applyServer(s *serverSettings) {
	prefix, err := wire.CheckPrefix(string(o))
	s.Prefixes, s.errs = append(s.Prefixes, prefix), append(s.errs, err)
}

func (o inboxOption) applyClient(s *clientSettings) {
	prefix, err := wire.CheckPrefix(string(o))
	s.Prefix, s.errs = prefix, append(s.errs, err)
}

// InboxPrefix sets the prefix of the key of a client's inbox, 1 to 128 bytes. An ID of 26
// characters follows it. The default is "desir:inbox:", which all services share: a user
// who may write there can send results to every client whose ID it knows. With one prefix
// per service, access rules can separate the services.
//
// A Server writes results only to inboxes with one of its prefixes, even if a call names
// another key. The option can be given several times; the default prefix must then be
// listed explicitly if it is needed. A Client checks before its first call, and then once
// a minute, that all workers write to its inbox (one round trip). If one does not, calls
// fail with [desir.ErrNotSupported]. All Clients of one redis client with the same prefix
// share an inbox.
func InboxPrefix(prefix string) SideOption { return inboxOption(prefix) }

type codecOption struct{ codec codec.Codec }

func (o codecOption) applyServer(s *serverSettings) {
	s.Codec, s.errs = o.codec, append(s.errs, checkCodec(o.codec))
}

func (o codecOption) applyClient(s *clientSettings) {
	s.Codec, s.errs = o.codec, append(s.errs, checkCodec(o.codec))
}

// WithCodec seals the contents of calls and results with a codec: [codec.Encrypt] or
// [codec.Sign], optionally with [codec.Compress] inside. The codec receives the msgpack
// of the value and the headers as bytes, so leave its inner codec nil. A codec that only
// determines how values are encoded, such as [codec.JSON], is refused with
// [codec.ErrUnsupported]. The default is no codec.
//
// Encrypt and Sign bind each message to the service, the method, the types, the deadline,
// the inbox, the call's ID and the direction, so that no message can replace another.
// These parts stay readable for everyone. Encrypt hides headers and values.
//
// A Server with a codec refuses calls that are not sealed, or sealed with other keys,
// with [Unauthenticated]. A Client with a codec ignores results and errors that were not
// sealed for its call. It counts them ([Client.Stats]) and waits for up to 10 s more, or
// until the end of its context. Then the call ends with [desir.ErrMaybeRan] and the
// reason, which is [codec.ErrSignature] with Encrypt and Sign.
//
// One worker process runs a message at most once, no matter how often it is stored. Each
// other process may also run a copy, until the call's deadline, or for 5 minutes if it
// has none. After that no worker starts it. So a call without a deadline that waits
// longer than that is refused with [DeadlineExceeded]. The remaining risks are listed in
// https://github.com/desir-go/desir/blob/main/docs/security.md.
func WithCodec(c codec.Codec) SideOption { return codecOption{c} }

// checkCodec returns an error if a codec cannot be used for a service.
func checkCodec(c codec.Codec) error {
	switch c {
	case nil:
		return errors.New("WithCodec: the codec is nil")
	case codec.Auto, codec.Msgpack, codec.JSON, codec.Text, codec.Raw:
		return fmt.Errorf("WithCodec: %w: %s alone protects nothing, and values are encoded as msgpack; use a codec that encrypts, signs or compresses", codec.ErrUnsupported, c.Name())
	}
	return nil
}

type callSettings struct {
	headers map[string]string
	wait    time.Duration
}

type callOption func(*callSettings)

func (o callOption) applyCall(s *callSettings) { o(s) }

// Header adds a header to the call: up to 64 headers, each key and value up to 4 KiB.
func Header(key, value string) CallOption {
	return callOption(func(s *callSettings) { s.headers = withHeader(s.headers, key, value) })
}

// Wait makes the call wait up to d for a worker to start, instead of failing at once with
// [ErrNoWorkers]. If the last worker stops after the call was stored, the call waits up
// to d and at most 5 s more for another one, since the client checks every 5 s. The
// default is not to wait.
func Wait(d time.Duration) CallOption { return callOption(func(s *callSettings) { s.wait = d }) }

func gatherCall(opts []CallOption) callSettings {
	if len(opts) == 0 { // nothing is allocated
		return callSettings{}
	}
	var s callSettings
	for _, o := range opts {
		if o != nil {
			o.applyCall(&s)
		}
	}
	return s
}

var (
	errConcurrency = errors.New("Concurrency: must be at least 1")
	errQueue       = errors.New("QueueLimit: must be at least 1")
	errGrace       = errors.New("Grace: must not be negative")
)

func gatherClient(opts []ClientOption) (s clientSettings, _ error) {
	for _, o := range opts {
		if o != nil {
			o.applyClient(&s)
		}
	}
	return s, errors.Join(s.errs...)
}

func gatherServer(opts []ServerOption) (serverSettings, error) {
	s := serverSettings{Config: worker.Config{Concurrency: defaultConcurrency, Queue: defaultQueue, Grace: defaultGrace, Log: slog.New(defaultHandler{})}}
	for _, o := range opts {
		if o != nil {
			o.applyServer(&s)
		}
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if err := errors.Join(s.errs...); err != nil {
		return s, err
	}
	switch {
	case s.Concurrency < 1:
		return s, errConcurrency
	case s.Queue < 1:
		return s, errQueue
	case s.Grace < 0:
		return s, errGrace
	}
	return s, nil
}

// defaultHandler logs to the current [slog.Default].
type defaultHandler struct{}

func (defaultHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return slog.Default().Enabled(ctx, l)
}

func (defaultHandler) Handle(ctx context.Context, r slog.Record) error {
	return slog.Default().Handler().Handle(ctx, r)
}

func (defaultHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return slog.Default().Handler().WithAttrs(attrs)
}

func (defaultHandler) WithGroup(name string) slog.Handler {
	return slog.Default().Handler().WithGroup(name)
}
