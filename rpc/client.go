package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/caller"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Client makes calls to a service. All Clients of one redis client with the same
// [InboxPrefix] share an inbox and the connection on which it is read. The first call
// opens that connection. It is closed within three seconds after the last pending call
// has ended. Hooks of the redis client do not see what is sent over it: reads of results,
// and most calls that are made while no other call is pending.
//
// Use [NewClient] to make a Client. A Client is safe for concurrent use.
type Client struct {
	h         *clients.Handle
	keys      wire.Keys
	intercept Interceptor
	prefix    string // of its inbox
	calls     *caller.Client
}

// NewClient returns a client of the service with the given name. It sends nothing and
// cannot fail: if the name or an option is invalid, every call returns the error.
func NewClient(rdb redis.UniversalClient, name string, opts ...ClientOption) *Client {
	s, err := gatherClient(opts)
	c := &Client{
		h:         clients.NewHandle(rdb, "rpc.Client", name, errors.Join(keys.CheckTag(name), err)),
		keys:      wire.KeysOf(name),
		intercept: chain(s.intercept),
		prefix:    s.Prefix,
	}
	config := s.Config
	config.Handle, config.Served = c.h, c.served
	config.NoWorkers, config.Overloaded = ErrNoWorkers, ErrOverloaded
	c.calls = caller.New(config)
	return c
}

// Service returns the name of the service. It is also the Redis key of the list in which
// calls wait.
func (c *Client) Service() string {
	if c == nil {
		return ""
	}
	return c.h.Key
}

// fail wraps the error of a call. Its operation is the method's name.
func (c *Client) fail(op string, err error) error {
	if c == nil {
		var none *clients.Handle
		return none.Fail("rpc."+op, err)
	}
	return c.h.Fail(op, err)
}

// usable returns why no call can work, or nil.
func (c *Client) usable() error {
	if c == nil || c.calls == nil {
		return send.WithClass(desir.ErrNotSupported, errUnmade)
	}
	return c.calls.Usable()
}

var errUnmade = errors.New("the client was not made by NewClient")

// Close ends all pending calls with [desir.ErrMaybeRan] and [desir.ErrClosed]. Later
// calls fail with [desir.ErrClosed]. Close does not close the redis client. It always
// returns nil.
func (c *Client) Close() error {
	if c != nil && c.calls != nil {
		c.calls.Close()
	}
	return nil
}

// ClientStats holds counts of a Client since it was made.
type ClientStats struct {
	// Forged counts results that the client rejected because they were not sealed with
	// its codec and its keys. See [WithCodec].
	Forged int64
}

// Stats returns the counts. It sends nothing.
func (c *Client) Stats() ClientStats {
	if c.calls == nil {
		return ClientStats{}
	}
	return ClientStats{Forged: c.calls.Forged()}
}

// served returns how many workers live, or an error if one does not write to the inbox.
func (c *Client) served(ctx context.Context) (int, error) {
	workers, err := c.workers(ctx)
	if err != nil {
		return 0, err
	}
	for _, w := range workers {
		if !w.writesTo(c.prefix) {
			return 0, send.WithClass(desir.ErrNotSupported, w.inboxError(c.prefix))
		}
	}
	return len(workers), nil
}

// call makes a call and returns its result, one msgpack value.
func (c *Client) call(ctx context.Context, method, signature string, body []byte, opts []CallOption) (string, error) {
	if err := c.usable(); err != nil {
		return "", err
	}
	q, settings := caller.Call{Method: method, Signature: signature, Body: body}, gatherCall(opts)
	if c.intercept == nil {
		return c.callOnce(ctx, &q, &settings)
	}
	return c.callIntercepted(ctx, q, settings)
}

// callIntercepted is callOnce inside the client's interceptors. It is separate for the
// reason given at handleIntercepted.
func (c *Client) callIntercepted(ctx context.Context, q caller.Call, s callSettings) (raw string, err error) {
	err = c.intercepted(ctx, q.Method, &s, func(ctx context.Context) (err error) {
		raw, err = c.callOnce(ctx, &q, &s)
		return err
	})
	return raw, err
}

// intercepted runs next inside the client's interceptors.
func (c *Client) intercepted(ctx context.Context, method string, s *callSettings, next func(context.Context) error) error {
	if c.intercept == nil {
		return next(ctx)
	}
	info := &CallInfo{Service: c.h.Key, Method: method, Headers: s.headers}
	if info.Headers == nil {
		info.Headers = map[string]string{}
	}
	return c.intercept(ctx, info, func(ctx context.Context) error {
		s.headers = info.Headers
		return next(ctx)
	})
}

// callOnce makes a call without interceptors.
func (c *Client) callOnce(ctx context.Context, q *caller.Call, s *callSettings) (string, error) {
	q.Headers, q.Wait = s.headers, s.wait
	state, body, err := c.calls.Call(ctx, q)
	if err != nil || state == wire.StateDone {
		return body, err
	}
	e, ok := errorOf(body, q.Method)
	if !ok {
		return "", fmt.Errorf("%w: the error of a worker", errUnreadableResult)
	}
	if state == wire.StateRefused && e.Code == Unimplemented {
		e.cause = ErrUnknownMethod
	}
	return "", e
}

var errUnreadableResult = errors.New("the result cannot be read")

// cast stores a call without waiting for a result.
func (c *Client) cast(ctx context.Context, method, signature string, body []byte, opts []CallOption) error {
	if err := c.usable(); err != nil {
		return err
	}
	settings := gatherCall(opts)
	return c.intercepted(ctx, method, &settings, func(ctx context.Context) error {
		return c.calls.Cast(ctx, &caller.Call{Method: method, Signature: signature, Body: body, Headers: settings.headers, Wait: settings.wait})
	})
}

// Ping calls a built-in method that does nothing and returns how long the call took. It
// costs what [Method.Call] costs, and its errors are the same.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := c.call(ctx, wire.Ping, callSignature(signatureNil, signatureNil), []byte{wire.Nil}, nil)
	return time.Since(start), c.fail("Ping", err)
}

// Raw is an undecoded result: one msgpack value.
type Raw []byte

// Decode decodes the result as msgpack into the value that ptr points to, with the
// decoding limits of [codec.Msgpack].
func (r Raw) Decode(ptr any) error { return codec.Msgpack.Decode(r, ptr) }

// MarshalJSON returns the result as JSON. Times become strings, bytes become base64, and
// map keys become strings.
func (r Raw) MarshalJSON() ([]byte, error) {
	var v any
	if err := r.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(withStringKeys(v))
}

// withStringKeys converts maps with arbitrary keys to maps with string keys.
func withStringKeys(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withStringKeys(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withStringKeys(v[k])
		}
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = withStringKeys(e)
		}
		return m
	}
	return v
}

// Invoke calls a method by name with a request of any type. It is meant for tools that do
// not know the method's types. A nil req sends no value. The worker accepts any request
// that decodes as its type. It refuses a request with field names that its type does not
// have, with [InvalidArgument]. The other errors are those of [Method.Call].
func (c *Client) Invoke(ctx context.Context, method string, req any) (Raw, error) {
	raw, err := c.invoke(ctx, method, req)
	return raw, c.fail(method, err)
}

func (c *Client) invoke(ctx context.Context, method string, req any) (Raw, error) {
	if err := checkName(method); err != nil {
		return nil, err
	}
	body := []byte{wire.Nil}
	signature := signatureNil
	if req != nil {
		var err error
		if body, err = codec.Msgpack.Append(nil, req); err != nil {
			return nil, err
		}
		signature = signatureAny
	}
	raw, err := c.call(ctx, method, callSignature(signature, signatureAny), body, nil)
	if err != nil {
		return nil, err
	}
	return Raw(raw), nil
}

// Workers returns what the live workers publish about themselves, in the order in which
// they started. It takes one round trip: a script that writes nothing. If the reply is
// lost, the script is sent again, so the error is never [desir.ErrMaybeRan].
func (c *Client) Workers(ctx context.Context) ([]WorkerInfo, error) {
	all, err := c.workers(ctx)
	return all, c.fail("Workers", err)
}

func (c *Client) workers(ctx context.Context) ([]WorkerInfo, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	h, err := c.h.Shared()
	if err != nil {
		return nil, err
	}
	reply, err := lua.About.Run(ctx, h, []string{c.keys.Workers, c.keys.About})
	if err != nil {
		return nil, err
	}
	entries, _ := reply.([]any)
	var workers []WorkerInfo
	for _, text := range entries {
		var w WorkerInfo
		text, _ := text.(string)
		// Skip entries that no worker wrote.
		if err := json.Unmarshal([]byte(text), &w); err == nil && w.ID != "" {
			workers = append(workers, w)
		}
	}
	slices.SortFunc(workers, func(a, b WorkerInfo) int {
		if order := a.Started.Compare(b.Started); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return workers, nil
}

// Methods returns the methods of all live workers, sorted by name. If workers differ
// about a method, the one that started last decides. It takes one round trip, as
// [Client.Workers] does.
func (c *Client) Methods(ctx context.Context) ([]MethodInfo, error) {
	workers, err := c.workers(ctx)
	if err != nil {
		return nil, c.fail("Methods", err)
	}
	byName := map[string]MethodInfo{}
	for _, w := range workers {
		for _, m := range w.Methods {
			m.Workers = byName[m.Name].Workers + 1
			byName[m.Name] = m
		}
	}
	methods := make([]MethodInfo, 0, len(byName))
	for _, m := range byName {
		methods = append(methods, m)
	}
	slices.SortFunc(methods, func(a, b MethodInfo) int { return strings.Compare(a.Name, b.Name) })
	return methods, nil
}
