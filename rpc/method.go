package rpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/wire"
	"github.com/desir-go/desir/rpc/internal/worker"
)

// Method describes a remote function: its name, its request type and its result type.
// Both sides share it, usually as a package-level variable:
//
//	var Add = rpc.NewMethod[[]int, int]("Add", rpc.Doc("adds numbers"))
//
// A worker registers a handler for it, a client calls it. Values are encoded as msgpack,
// with the decoding limits of [codec.Msgpack].
type Method[Req, Res any] struct {
	name      string
	doc       string
	req, res  string // type signatures
	signature string
	in        codec.Typed[Req]
	out       codec.Typed[Res]
	err       error // why the method cannot be called or handled
}

// NewMethod returns a method with the given name. A name has 1 to 256 bytes of UTF-8
// without control characters. Names that begin with "desir." are reserved.
//
// NewMethod cannot fail. If the name or a type is invalid, every call and [Server.Run]
// return the error. A Method that NewMethod did not make fails with
// [desir.ErrNotSupported].
func NewMethod[Req, Res any](name string, opts ...MethodOption) Method[Req, Res] {
	var s methodSettings
	for _, o := range opts {
		if o != nil {
			o.applyMethod(&s)
		}
	}
	m := Method[Req, Res]{name: name, doc: s.doc, req: signatureOf(reflect.TypeFor[Req]()), res: signatureOf(reflect.TypeFor[Res]())}
	m.signature = callSignature(m.req, m.res)
	var inErr, outErr error
	m.in, inErr = codec.Values[Req](codec.Msgpack)
	m.out, outErr = codec.Values[Res](codec.Msgpack)
	m.err = errors.Join(checkName(name), inErr, outErr)
	return m
}

// usable returns why the method cannot be called or handled, or nil.
func (m *Method[Req, Res]) usable() error {
	if m.signature == "" {
		return send.WithClass(desir.ErrNotSupported, errUnmadeMethod)
	}
	return m.err
}

// Name returns the method's name.
func (m Method[Req, Res]) Name() string { return m.name }

const (
	maxName  = 256
	reserved = "desir."
)

var (
	errName         = errors.New("invalid method name")
	errUnmadeMethod = errors.New("the method was not made by NewMethod")
)

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", errName)
	case len(name) > maxName:
		return fmt.Errorf("%w: %d bytes; the limit is %d", errName, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: %s is not plain text", errName, oneline.Quote(name, oneline.Name))
	case strings.HasPrefix(name, reserved):
		return fmt.Errorf("%w: names that begin with %q are reserved", errName, reserved)
	}
	return nil
}

// Handle registers h as the handler of the method. The Server runs h for several calls
// concurrently, up to its [Concurrency]. A handler can be registered while the Server
// runs. If a method has two handlers, [Server.Run] returns an error.
//
// The Server estimates the duration of each handler from its earlier runs. For each read,
// the goroutine that reads calls also runs those handlers, one after the other, whose
// estimates together are at most 50 µs. Every other call gets its own goroutine. If the
// handlers of a read take longer than 1 ms, the calls that have not begun get their own
// goroutines too.
//
// ctx ends at the caller's deadline, when the caller cancels the call, and when the
// Server stops handlers ([Grace], [Server.Shutdown]). It does not end if the caller's
// process dies: a call without a deadline then runs to its end. [InfoFrom] returns
// information about the call.
//
// The error of h goes to the caller as an [*Error]. A panic becomes an [*Error] with the
// code [Internal].
func (m Method[Req, Res]) Handle(s *Server, h func(ctx context.Context, req Req) (Res, error), opts ...HandlerOption) {
	var settings handlerSettings
	for _, o := range opts {
		if o != nil {
			o.applyHandler(&settings)
		}
	}
	err := m.usable()
	if h == nil {
		err = errors.Join(err, fmt.Errorf("%w: the handler of %s is nil", errName, m.name))
	}
	signatures, checkNames := signatureMatcher{own: m.signature}, fieldCheckerOf(reflect.TypeFor[Req]())
	intercept := chain(slices.Concat(s.intercept, settings.intercept))
	s.handle(MethodInfo{Name: m.name, Doc: m.doc, Request: m.req, Result: m.res}, &worker.Handler{
		Check: func(signature, body string) error {
			if !signatures.matches(signature) {
				return fmt.Errorf("the types of the method are %s, and the caller has %s", m.signature, wire.Truncate(signature))
			}
			if isUntyped(signature) {
				return cannotDecode(checkNames(body))
			}
			return nil
		},
		Run: func(ctx context.Context, call *worker.Info, body string, dst []byte) ([]byte, error) {
			req, err := m.in.Decode(wire.BytesView(body))
			if err != nil {
				return dst, &worker.Refusal{Err: cannotDecode(err)}
			}
			var res Res
			if intercept == nil {
				res, err = h(ctx, req)
			} else {
				res, err = handleIntercepted(ctx, intercept, (*CallInfo)(call), h, req)
			}
			if err != nil {
				return dst, err
			}
			out, err := m.out.Append(dst, res)
			if err != nil {
				return dst, Errorf(Internal, "the result cannot be encoded: %w", err)
			}
			if n := len(out) - len(dst); n > wire.MaxBody {
				return dst, Errorf(ResourceExhausted, "%w: a result of %d bytes; the limit is %d", codec.ErrTooLarge, n, wire.MaxBody)
			}
			return out, nil
		},
	}, err)
}

// cannotDecode returns the text for a caller whose request cannot be decoded, or nil.
func cannotDecode(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the request cannot be decoded: %w", err)
}

// handleIntercepted runs a handler inside its interceptors. It is a separate function
// because the variables that its closure captures are allocated on every call.
func handleIntercepted[Req, Res any](ctx context.Context, intercept Interceptor, call *CallInfo, h func(context.Context, Req) (Res, error), req Req) (res Res, err error) {
	err = intercept(ctx, call, func(ctx context.Context) (err error) {
		res, err = h(ctx, req)
		return err
	})
	return res, err
}

// Call sends a request to a worker and waits for the result or for the end of ctx.
// Without a deadline it waits as long as a worker holds the call, or the call is in the
// list and the service has a live worker.
//
// One script run, which concurrent calls of the client share, stores the call in the list
// that has the name of the service. The result comes over one connection, on which all
// results of the redis client are read; concurrent calls share its XREADs. The handler
// runs at most once.
//
// The errors are:
//
//   - [*Error]: a worker returned it. It wraps [ErrUnknownMethod] if the worker has no such
//     method. A worker does not send an error that the handler returns at or after the
//     deadline.
//   - [ErrNoWorkers], [ErrOverloaded], [desir.ErrUnavailable]: the handler did not run.
//   - [desir.ErrMaybeRan]: the handler may have run or may still run, for example because
//     the worker died (detected within 15 s), the reply to the script was lost, or ctx
//     ended.
//   - [codec.ErrTooLarge]: the request exceeds 1 MiB, or a header its limit ([Header]). The
//     call was not sent.
//   - [*codec.DecodeError]: the result cannot be decoded as a Res.
//
// If the call ended because of ctx, the error also wraps ctx.Err.
func (m Method[Req, Res]) Call(ctx context.Context, c *Client, req Req, opts ...CallOption) (res Res, err error) {
	if err := m.usable(); err != nil {
		return res, c.fail(m.name, err)
	}
	body := wire.GetBuffer()
	defer wire.PutBuffer(body)
	if *body, err = m.in.Append((*body)[:0], req); err != nil {
		return res, c.fail(m.name, err)
	}
	raw, err := c.call(ctx, m.name, m.signature, *body, opts)
	if err != nil {
		return res, c.fail(m.name, err)
	}
	if res, err = m.decode(raw); err != nil {
		return res, c.fail(m.name, err)
	}
	return res, nil
}

func (m Method[Req, Res]) decode(raw string) (res Res, err error) {
	if res, err = m.out.Decode(wire.BytesView(raw)); err != nil {
		var none Res
		return none, err
	}
	return res, nil
}

// Cast stores a call and does not wait for a result. It returns when the call is stored,
// which costs one script run, shared with concurrent calls. The errors are those that
// [Method.Call] returns before the call is stored. If the handler fails, the caller does
// not learn it.
func (m Method[Req, Res]) Cast(ctx context.Context, c *Client, req Req, opts ...CallOption) error {
	if err := m.usable(); err != nil {
		return c.fail(m.name, err)
	}
	body, err := m.in.Append(nil, req)
	if err == nil {
		err = c.cast(ctx, m.name, m.signature, body, opts)
	}
	return c.fail(m.name, err)
}

// Pending is a call in flight that [Method.Go] started.
type Pending[Res any] struct {
	done chan struct{}
	res  Res
	err  error
}

// Go starts [Method.Call] in a new goroutine, which ends with the call.
func (m Method[Req, Res]) Go(ctx context.Context, c *Client, req Req, opts ...CallOption) *Pending[Res] {
	p := &Pending[Res]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.res, p.err = m.Call(ctx, c, req, opts...)
	}()
	return p
}

// Done returns a channel that is closed when the call has ended.
func (p *Pending[Res]) Done() <-chan struct{} { return p.done }

// Wait waits for the result or for the end of ctx. The end of ctx does not end the call:
// only the context passed to [Method.Go] does.
func (p *Pending[Res]) Wait(ctx context.Context) (Res, error) {
	select {
	case <-p.done:
		return p.res, p.err
	case <-ctx.Done():
		var none Res
		return none, ctx.Err()
	}
}

// Result is the outcome of one of the calls of [Method.CallMany].
type Result[Res any] struct {
	Value Res
	Err   error
}

// CallMany makes all the calls concurrently and returns their results in the order of
// reqs. Each result has the error that [Method.Call] would have returned. The calls share
// commands: 1000 small ones take a few round trips.
//
// CallMany itself returns an error only if no call could be sent, because the method, the
// client or ctx cannot work. Then every result has the same error.
func (m Method[Req, Res]) CallMany(ctx context.Context, c *Client, reqs []Req, opts ...CallOption) ([]Result[Res], error) {
	results := make([]Result[Res], len(reqs))
	err := m.usable()
	if err == nil {
		err = c.usable()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = c.fail(m.name, err)
		for i := range results {
			results[i].Err = err
		}
		return results, err
	}
	forEach(len(reqs), func(i int) { results[i].Value, results[i].Err = m.Call(ctx, c, reqs[i], opts...) })
	return results, nil
}

const maxConcurrentCalls = 1024 // concurrent calls of one CallMany

// forEach calls f for 0 to n-1, up to atOnce at the same time.
func forEach(n int, f func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(n, maxConcurrentCalls) {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}
