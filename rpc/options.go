package rpc

import (
	"errors"
	"log/slog"
	"time"

	"github.com/desir-go/desir/codec"
)

// MethodOption says more about a method.
type MethodOption interface{ applyMethod(*methodSettings) }

// HandlerOption changes how a worker runs one method.
type HandlerOption interface{ applyHandler(*handlerSettings) }

// ServerOption changes how a [Server] works. Options are what this process believes.
type ServerOption interface{ applyServer(*serverSettings) }

// ClientOption changes how a [Client] works.
type ClientOption interface{ applyClient(*clientSettings) }

// CallOption changes one call.
type CallOption interface{ applyCall(*callSettings) }

type methodSettings struct{ doc string }

type methodOption func(*methodSettings)

func (o methodOption) applyMethod(s *methodSettings) { o(s) }

// Doc says what a method does, for [Client.Methods]. The default is nothing.
func Doc(text string) MethodOption { return methodOption(func(s *methodSettings) { s.doc = text }) }

type handlerSettings struct{ intercept []Interceptor }

type clientSettings struct {
	intercept []Interceptor
	prefix    string
	codec     codec.Codec
	errs      []error
}

type serverSettings struct {
	concurrency int
	queue       int
	grace       time.Duration
	log         *slog.Logger
	intercept   []Interceptor
	prefixes    []string // of inboxes that it writes to; none: the default
	codec       codec.Codec
	errs        []error
}

type serverOption func(*serverSettings)

func (o serverOption) applyServer(s *serverSettings) { o(s) }

const (
	defaultConcurrency = 1000
	defaultQueue       = 10_000
	defaultGrace       = 30 * time.Second
)

// Concurrency bounds the handlers that run at the same time in this Server, n ≥ 1; a
// worker takes no more calls than it can run. Handlers that call methods of their own service,
// and wait for that, need handlers that are free: if there are more such calls, callers times
// depth, than all workers have handlers, they wait for each other until their contexts end. The default is 1000.
func Concurrency(n int) ServerOption {
	return serverOption(func(s *serverSettings) { s.concurrency = n })
}

// QueueLimit bounds the calls of the service that wait for a worker, n ≥ 1: more are
// refused with [ErrOverloaded]. What the worker that renewed its lease last believes is
// what counts. The default is 10 000.
func QueueLimit(n int) ServerOption { return serverOption(func(s *serverSettings) { s.queue = n }) }

// Grace is how long handlers may go on when the Server is to end, before their contexts
// are canceled with [ErrStopped]; 0 cancels them at once. The default is 30 s.
func Grace(d time.Duration) ServerOption {
	return serverOption(func(s *serverSettings) { s.grace = d })
}

// Logger is where a Server logs panics, trouble with Redis, once for each change, and results
// that it could not deliver. The default is [slog.Default]; nil is nowhere.
func Logger(l *slog.Logger) ServerOption { return serverOption(func(s *serverSettings) { s.log = l }) }

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

// Intercept puts interceptors around calls, the first one outermost; a Server's are
// around a handler's own.
func Intercept(all ...Interceptor) InterceptOption { return interceptOption(all) }

// SideOption is an option of a [Server] and of a [Client], which both sides of a service need
// to have alike.
type SideOption interface {
	ServerOption
	ClientOption
}

type inboxOption string

func (o inboxOption) applyServer(s *serverSettings) {
	prefix, err := ownPrefix(string(o))
	s.prefixes, s.errs = append(s.prefixes, prefix), append(s.errs, err)
}

func (o inboxOption) applyClient(s *clientSettings) {
	prefix, err := ownPrefix(string(o))
	s.prefix, s.errs = prefix, append(s.errs, err)
}

// InboxPrefix sets what the key of a client's inbox begins with, 1 to 128 bytes; an ID of 26
// characters follows. The default is "desir:inbox:", which all services share: whoever may
// write there can send results to every client whose ID he knows. With a prefix for each
// service, access rules keep the services apart.
//
// A Server writes results to inboxes below its prefixes and to no other key, whatever a
// frame names; the option may be given several times, and the default has to be named then
// as well. A Client looks before its first call, and then once a minute, whether all workers
// write to its inbox (one round trip), and its calls fail with [desir.ErrNotSupported] if one
// does not. All Clients of one redis client with the same prefix share an inbox.
func InboxPrefix(prefix string) SideOption { return inboxOption(prefix) }

type codecOption struct{ codec codec.Codec }

func (o codecOption) applyServer(s *serverSettings) {
	s.codec, s.errs = o.codec, append(s.errs, checkCodec(o.codec))
}

func (o codecOption) applyClient(s *clientSettings) {
	s.codec, s.errs = o.codec, append(s.errs, checkCodec(o.codec))
}

// WithCodec puts a codec around what calls and results carry: [codec.Encrypt] or [codec.Sign],
// perhaps with [codec.Compress] inside. It is given the msgpack of the value, and the headers,
// as bytes: leave its inner codec nil. A codec that only says how values are written, as
// [codec.JSON], is refused with [codec.ErrUnsupported]. The default is none.
//
// Encrypt and Sign bind each message to the service, the method, the types, the deadline, the
// inbox, the ID of the call and the direction, so that none stands in for another. These can be
// read by everybody; headers and values cannot be under Encrypt. A Server with a codec refuses
// calls without, or with other keys, with [Unauthenticated]. A Client with a codec takes no
// result, and no error of a worker, that was not sealed for its call: it counts it
// ([Client.Stats]) and waits on for up to 10 s, or to the end of its context; then the call ends with
// [desir.ErrMaybeRan] and the reason, [codec.ErrSignature] with Encrypt and Sign.
//
// A worker process runs a frame at most once, however often it is stored. Each other process
// may run a copy as well until the call's deadline, or for 5 minutes if it has none: after
// that no worker begins it. So a call without a deadline that waits longer is refused with
// [DeadlineExceeded]. docs/security.md says what remains.
func WithCodec(c codec.Codec) SideOption { return codecOption{c} }

type callSettings struct {
	headers map[string]string
	wait    time.Duration
}

type callOption func(*callSettings)

func (o callOption) applyCall(s *callSettings) { o(s) }

// Header sends a header with the call: up to 64 of them, of up to 4 KiB each.
func Header(key, value string) CallOption {
	return callOption(func(s *callSettings) { s.headers = withHeader(s.headers, key, value) })
}

// Wait lets the call wait up to d for a worker to come up, instead of failing with
// [ErrNoWorkers] at once. A call that is stored when the last worker leaves waits as long
// for the next one, and up to 5 s more, since it is looked after that often. The default is not
// to wait.
func Wait(d time.Duration) CallOption { return callOption(func(s *callSettings) { s.wait = d }) }

func gatherCall(opts []CallOption) (s callSettings) {
	for _, o := range opts {
		if o != nil {
			o.applyCall(&s)
		}
	}
	return s
}

var (
	errConcurrency = errors.New("Concurrency: at least one handler has to run")
	errQueue       = errors.New("QueueLimit: at least one call has to fit")
	errGrace       = errors.New("Grace: it cannot be negative")
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
	s := serverSettings{concurrency: defaultConcurrency, queue: defaultQueue, grace: defaultGrace, log: slog.New(current{})}
	for _, o := range opts {
		if o != nil {
			o.applyServer(&s)
		}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := errors.Join(s.errs...); err != nil {
		return s, err
	}
	switch {
	case s.concurrency < 1:
		return s, errConcurrency
	case s.queue < 1:
		return s, errQueue
	case s.grace < 0:
		return s, errGrace
	}
	return s, nil
}
