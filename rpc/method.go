package rpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// Method is the contract of a remote function: its name, and what goes in and comes
// out. Both sides share it, usually as a package-level variable:
//
//	var Add = rpc.NewMethod[[]int, int]("Add", rpc.Doc("adds numbers"))
//
// A worker gives it a handler, a client calls it. Values travel as msgpack, with the
// guard of [codec.Msgpack].
type Method[Req, Res any] struct {
	name     string
	doc      string
	req, res string // type words
	word     string
	in       codec.Typed[Req]
	out      codec.Typed[Res]
	err      error // why it cannot be called or handled
}

// NewMethod names a method: 1 to 256 bytes of UTF-8 without control characters; names
// that begin with "desir." are taken. It cannot fail: a name or a type that cannot work
// is the error of every call, and of [Server.Run]; so is [desir.ErrNotSupported] for a
// Method that it has not made.
func NewMethod[Req, Res any](name string, opts ...MethodOption) Method[Req, Res] {
	var s methodSettings
	for _, o := range opts {
		if o != nil {
			o.applyMethod(&s)
		}
	}
	m := Method[Req, Res]{name: name, doc: s.doc, req: wordOf(reflect.TypeFor[Req]()), res: wordOf(reflect.TypeFor[Res]())}
	m.word = typeWord(m.req, m.res)
	var inErr, outErr error
	m.in, inErr = codec.Values[Req](codec.Msgpack)
	m.out, outErr = codec.Values[Res](codec.Msgpack)
	m.err = errors.Join(checkName(name), inErr, outErr)
	return m
}

// usable returns why the method cannot be called or handled, or nil.
func (m *Method[Req, Res]) usable() error {
	if m.word == "" {
		return send.Fault(desir.ErrNotSupported, errUnmadeMethod)
	}
	return m.err
}

// Name returns the method's name.
func (m Method[Req, Res]) Name() string { return m.name }

const (
	maxName  = 256
	reserved = "desir."
	pingName = reserved + "ping"
)

var (
	errName         = errors.New("not a method's name")
	errUnmadeMethod = errors.New("the method was not made by NewMethod")
)

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", errName)
	case len(name) > maxName:
		return fmt.Errorf("%w: %d bytes, and it has %d at most", errName, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: %s is not plain text", errName, oneline.Quote(name, oneline.Name))
	case strings.HasPrefix(name, reserved):
		return fmt.Errorf("%w: names that begin with %q are desir's own", errName, reserved)
	}
	return nil
}

// Handle lets a Server run h for calls of the method, for several at the same time
// ([Concurrency]). As long as h is quick, calls that were read together, 50 µs of them by
// what they usually take, run one after the other in one goroutine; when that takes longer than
// a millisecond, those that have not begun get goroutines of their own. ctx ends with the caller's deadline, when the caller gives up, and when the
// Server has to end, but not when the caller's process dies: a call without a deadline then runs to its
// end. [InfoFrom] tells about the call. The error of h goes to the caller
// as an [*Error]; a panic is [Internal]. Two handlers of one name are an error of
// [Server.Run]. A handler may be added while the Server runs.
func (m Method[Req, Res]) Handle(s *Server, h func(ctx context.Context, req Req) (Res, error), opts ...HandlerOption) {
	var settings handlerSettings
	for _, o := range opts {
		if o != nil {
			o.applyHandler(&settings)
		}
	}
	err := m.usable()
	if h == nil {
		err = errors.Join(err, fmt.Errorf("%w: %s has no handler", errName, m.name))
	}
	s.handle(&handler{
		info:    MethodInfo{Name: m.name, Doc: m.doc, Request: m.req, Result: m.res},
		fitting: fitting{own: m.word},
		strict:  strictOf(reflect.TypeFor[Req]()),
		run: func(ctx context.Context, body string, dst []byte, around around) ([]byte, error) {
			req, err := m.in.Decode(viewOf(body))
			if err != nil {
				return dst, &badBody{err}
			}
			var res Res
			if around == nil {
				res, err = h(ctx, req)
			} else {
				res, err = handleInside(ctx, around, h, req)
			}
			if err != nil {
				return dst, err
			}
			out, err := m.out.Append(dst, res)
			if err != nil {
				return dst, Errorf(Internal, "the result cannot be encoded: %w", err)
			}
			return out, nil
		},
	}, settings.intercept, err)
}

// handleInside runs a handler inside its interceptors. It is apart since what its
// closure changes is allocated, for each call of whatever function it stands in.
func handleInside[Req, Res any](ctx context.Context, around around, h func(context.Context, Req) (Res, error), req Req) (res Res, err error) {
	err = around(ctx, func(ctx context.Context) (err error) {
		res, err = h(ctx, req)
		return err
	})
	return res, err
}

// Call asks a worker to run the method and waits for its result, or for the end of
// ctx. Without a deadline it waits as long as a worker has the call.
//
// It is stored once, by a script that concurrent calls of the client share, in the list
// called as the service; the result comes over the one connection on which all
// results of the redis client are read, by a share of one XREAD. The handler runs at most once. Errors: [*Error] if
// a worker has answered with one; [ErrNoWorkers], [ErrOverloaded], [desir.ErrUnavailable]: it did not run;
// [desir.ErrMaybeRan]: it may have run, or run yet, as when the worker died (told within 15 s), the answer
// to the store was lost, or ctx ended, whose error then stands beside it; [codec.ErrTooLarge]: the request
// has more than 1 MiB; what a handler returns as its error at or after the deadline is not sent; [*codec.DecodeError]: the result is no Res.
func (m Method[Req, Res]) Call(ctx context.Context, c *Client, req Req, opts ...CallOption) (res Res, err error) {
	if err := m.usable(); err != nil {
		return res, c.fail(m.name, err)
	}
	body := scratch.Get().(*[]byte)
	defer giveBack(body)
	if *body, err = m.in.Append((*body)[:0], req); err != nil {
		return res, c.fail(m.name, err)
	}
	raw, err := c.call(ctx, m.name, m.word, *body, opts)
	if err != nil {
		return res, c.fail(m.name, err)
	}
	if res, err = m.decode(raw); err != nil {
		return res, c.fail(m.name, err)
	}
	return res, nil
}

func (m Method[Req, Res]) decode(raw string) (res Res, err error) {
	if res, err = m.out.Decode(viewOf(raw)); err != nil {
		var none Res
		return none, err
	}
	return res, nil
}

// Cast asks for a run whose result nobody wants. It returns when the call is stored, by a share
// of one script; errors are those of [Method.Call] up to there.
func (m Method[Req, Res]) Cast(ctx context.Context, c *Client, req Req, opts ...CallOption) error {
	if err := m.usable(); err != nil {
		return c.fail(m.name, err)
	}
	body, err := m.in.Append(nil, req)
	if err == nil {
		err = c.cast(ctx, m.name, m.word, body, opts)
	}
	return c.fail(m.name, err)
}

// Pending is a call that runs.
type Pending[Res any] struct {
	done chan struct{}
	res  Res
	err  error
}

// Go is [Method.Call] in a goroutine of its own, which ends with the call.
func (m Method[Req, Res]) Go(ctx context.Context, c *Client, req Req, opts ...CallOption) *Pending[Res] {
	p := &Pending[Res]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.res, p.err = m.Call(ctx, c, req, opts...)
	}()
	return p
}

// Done is closed when the result is there.
func (p *Pending[Res]) Done() <-chan struct{} { return p.done }

// Wait waits for the result, or for the end of ctx, which does not end the call: that
// is up to the context that [Method.Go] got.
func (p *Pending[Res]) Wait(ctx context.Context) (Res, error) {
	select {
	case <-p.done:
		return p.res, p.err
	case <-ctx.Done():
		var none Res
		return none, ctx.Err()
	}
}

// Result is what became of one of many calls.
type Result[Res any] struct {
	Value Res
	Err   error
}

// CallMany makes all the calls at once, and returns their results in the order of reqs,
// each with the error that [Method.Call] would have returned. Calls go out together: 1000
// small ones take a few round trips. The error is the one that all of them had, if they
// had the same cause before any was sent: a method, a client or a context that cannot work.
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
	eachOf(len(reqs), func(i int) { results[i].Value, results[i].Err = m.Call(ctx, c, reqs[i], opts...) })
	return results, nil
}
