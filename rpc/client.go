package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// Client makes calls to a service. All Clients of one redis client share an inbox and the
// connection on which it is read; that is opened by the first call, and closed within three
// seconds of the last one that was pending. Hooks of the redis client do not see what goes over it: the
// reads of results, and the calls of a caller that is alone.
//
// Use NewClient. A Client is safe for any number of goroutines.
type Client struct {
	h         *hub.Handle
	service   service
	intercept Interceptor
	prefix    string // of its inbox
	seal      *seal  // what its calls are sealed with; nil: they are not
	clock     clock
	closed    atomic.Bool

	kind, cancels *batch.Merger // of stores and of cancels

	failing atomic.Int64 // when checks began to fail, UnixNano; 0 while they work
	inbox   atomic.Pointer[inbox]
	gate    gate // of whoever asks for the clock

	promise atomic.Int64 // when workers last said that they write to the inbox, UnixNano
	forged  atomic.Int64 // results that were not taken, since they were not sealed for their calls
}

// NewClient names a service to call. It does not talk to Redis and cannot fail: a name
// that cannot work is the error of every call.
func NewClient(rdb redis.UniversalClient, name string, opts ...ClientOption) *Client {
	s, err := gatherClient(opts)
	c := &Client{
		h:         hub.NewHandle(rdb, "rpc.Client", name, errors.Join(keys.CheckTag(name), err)),
		service:   serviceOf(name),
		intercept: chain(s.intercept),
		prefix:    s.prefix,
		seal:      newSeal(s.codec, name),
		gate:      newGate(),
	}
	c.kind, c.cancels = c.store(), c.giveUp()
	return c
}

// Service returns the name of the service, which is the Redis key of the calls that wait.
func (c *Client) Service() string {
	if c == nil {
		return ""
	}
	return c.h.Key
}

// fail makes the error of a call: its operation is the method.
func (c *Client) fail(op string, err error) error {
	if c == nil {
		var none *hub.Handle
		return none.Fail("rpc."+op, err)
	}
	return c.h.Fail(op, err)
}

// usable returns why no call can work, or nil.
func (c *Client) usable() error {
	if c == nil {
		return send.Fault(desir.ErrNotSupported, errUnmade)
	}
	if c.closed.Load() {
		return desir.ErrClosed
	}
	_, err := c.h.Hub()
	return err
}

var errUnmade = errors.New("the client was not made by NewClient")

// Close ends the calls that are pending, with [desir.ErrMaybeRan] and
// [desir.ErrClosed], and lets no more begin. The redis client stays open. It returns nil.
func (c *Client) Close() error {
	if c == nil || c.closed.Swap(true) {
		return nil
	}
	if box := c.inbox.Load(); box != nil {
		box.end(func(p *call) bool { return p.client == c }, send.Fault(desir.ErrMaybeRan, desir.ErrClosed))
	}
	return nil
}

// box returns the inbox of the client's process.
func (c *Client) box() (*inbox, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if box := c.inbox.Load(); box != nil {
		return box, nil
	}
	h, err := c.h.Hub()
	if err != nil {
		return nil, err
	}
	box := inboxOf(h, c.prefix)
	c.inbox.Store(box)
	return box, nil
}

// ClientStats counts what a Client has seen since it was made.
type ClientStats struct {
	Forged int64 // results that were not taken: not sealed with the codec and the keys of the client ([WithCodec])
}

// Stats returns the counts. It asks nobody.
func (c *Client) Stats() ClientStats { return ClientStats{Forged: c.forged.Load()} }

const promiseLife = time.Minute

// promised reports why results would not come: a client looks once a minute whether all
// workers write to inboxes below its prefix. The call did not run. With a prefix of its own,
// it stores no call before it has seen a worker, since the one that begins next may write to
// others.
func (c *Client) promised(ctx context.Context) error {
	fresh := func() bool { return time.Since(time.Unix(0, c.promise.Load())) < promiseLife }
	return c.gate.pass(ctx, fresh, func() error {
		workers, err := c.workers(ctx)
		if ended := ctx.Err(); err != nil && ended != nil {
			return send.Fault(desir.ErrUnavailable, ended)
		}
		if err != nil {
			return err
		}
		for _, w := range workers {
			if !w.writesTo(c.prefix) {
				return send.Fault(desir.ErrNotSupported, w.elsewhere(c.prefix))
			}
		}
		switch {
		case len(workers) > 0:
			c.promise.Store(time.Now().UnixNano())
		case c.prefix != "":
			return ErrNoWorkers
		}
		return nil
	})
}

// Ping returns how long a call takes that does nothing: to a worker and back, as [Method.Call].
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := c.call(ctx, pingName, typeWord(wordNil, wordNil), []byte{packedNil}, nil)
	return time.Since(start), c.fail("Ping", err)
}

// Raw is a result as it came: one msgpack value.
type Raw []byte

// Decode reads the result into what ptr points at, as msgpack, with the guard of
// [codec.Msgpack].
func (r Raw) Decode(ptr any) error { return codec.Msgpack.Decode(r, ptr) }

// MarshalJSON returns the result as JSON: times as text, bytes as base64, map keys as
// text.
func (r Raw) MarshalJSON() ([]byte, error) {
	var v any
	if err := r.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(plain(v))
}

// plain makes maps of what msgpack allows as keys into maps by text.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = plain(e)
		}
		return m
	}
	return v
}

// Invoke calls a method by its name with a value of any type, for tools that do not
// know its types: the worker takes whatever decodes, and refuses names of fields that its type
// does not have with [InvalidArgument]. nil asks without a value. Errors are
// those of [Method.Call].
func (c *Client) Invoke(ctx context.Context, method string, req any) (Raw, error) {
	raw, err := c.invoke(ctx, method, req)
	return raw, c.fail(method, err)
}

func (c *Client) invoke(ctx context.Context, method string, req any) (Raw, error) {
	if err := checkName(method); err != nil {
		return nil, err
	}
	body := []byte{packedNil}
	word := wordNil
	if req != nil {
		var err error
		if body, err = codec.Msgpack.Append(nil, req); err != nil {
			return nil, err
		}
		word = wordAny
	}
	raw, err := c.call(ctx, method, typeWord(word, wordAny), body, nil)
	if err != nil {
		return nil, err
	}
	return Raw(raw), nil
}

// Workers returns what the workers that are alive say about themselves, in the order in
// which they began. One round trip, by a script that changes nothing. It is a read: never
// [desir.ErrMaybeRan], and sent again when a reply is lost.
func (c *Client) Workers(ctx context.Context) ([]WorkerInfo, error) {
	all, err := c.workers(ctx)
	return all, c.fail("Workers", err)
}

func (c *Client) workers(ctx context.Context) ([]WorkerInfo, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	h, err := c.h.Hub()
	if err != nil {
		return nil, err
	}
	answer, err := aboutScript.Run(ctx, h, []string{c.service.workers, c.service.about})
	if err != nil {
		return nil, err
	}
	texts, _ := answer.([]any)
	var workers []WorkerInfo
	for _, text := range texts {
		var w WorkerInfo
		text, _ := text.(string)
		if err := json.Unmarshal([]byte(text), &w); err == nil && w.ID != "" { // others are no workers
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

// Methods returns the methods that the workers that are alive have, by name. Where they
// differ about one, the youngest is right. One round trip, as [Client.Workers].
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

// state is what a check has found.
type state struct {
	workers int64
	lost    int64 // calls of before that moment without an answer may be lost; server's clock, ms
	now     int64
}

// check asks what became of the workers, and for the clock. It is a read.
func (c *Client) check(ctx context.Context, h *hub.Hub) (state, error) {
	answer, err := checkScript.Run(ctx, h, []string{c.service.workers, c.service.ended})
	if err != nil {
		return state{}, err
	}
	n, err := numbers(answer, 3)
	if err != nil {
		return state{}, err
	}
	c.clock.tell(n[0])
	return state{now: n[0], workers: n[1], lost: n[2]}, nil
}

// knowTime sees to it that the server's clock is known.
func (c *Client) knowTime(ctx context.Context, h *hub.Hub) error {
	return c.gate.pass(ctx, c.clock.good, func() error {
		_, err := c.check(ctx, h)
		if ended := ctx.Err(); err != nil && ended != nil { // that the clock is not known is certain: the call did not run
			return send.Fault(desir.ErrUnavailable, ended)
		}
		return err
	})
}
