package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// call is a call from the moment it has an ID until its caller has the outcome. Calls are
// pooled.
type call struct {
	client *Client
	id     uint64
	nth    uint64 // sequence number within its inbox
	method string
	wait   time.Time    // may wait for a worker until then
	out    atomic.Int64 // when it was stored, server's clock; 0: unknown
	box    *inbox       // receives its result; nil: a cast
	post   send.AsyncWrite
	stored func(*batch.Call, error) // p.answered
	// settled is true once stored has returned: nothing else accesses post then.
	settled atomic.Bool
	// The connection over which the caller reads its result itself; nil: it does not.
	leads atomic.Pointer[conn.Conn]

	signs signs

	// The outcome, valid after a receive from done.
	state uint64
	body  string
	err   error
	doubt error // why a result was rejected; guarded by the inbox's lock
	done  chan struct{}
}

func newCall(box *inbox) *call {
	p := &call{box: box, done: make(chan struct{}, 1)}
	p.stored = p.answered
	return p
}

// call makes a call and returns its result, one msgpack value.
func (c *Client) call(ctx context.Context, method, signature string, body []byte, opts []CallOption) (string, error) {
	box, err := c.box()
	if err != nil {
		return "", err
	}
	settings := gatherCall(opts)
	if c.intercept == nil {
		return c.ask(ctx, box, method, signature, body, settings)
	}
	return c.askInside(ctx, box, method, signature, body, settings)
}

// askInside is ask inside the client's interceptors. It is separate for the reason given
// at handleInside.
func (c *Client) askInside(ctx context.Context, box *inbox, method, signature string, body []byte, s callSettings) (raw string, err error) {
	err = c.intercepted(ctx, method, &s, func(ctx context.Context) (err error) {
		raw, err = c.ask(ctx, box, method, signature, body, s)
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

// ask stores a call and waits for its outcome. It retries while no worker is alive, as
// long as the caller allows.
func (c *Client) ask(ctx context.Context, box *inbox, method, signature string, body []byte, s callSettings) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", send.WithClass(desir.ErrUnavailable, err)
	}
	for t := waitUpTo(s.wait); ; {
		raw, err := c.once(ctx, box, method, signature, body, s.headers, t.limit)
		if more, err := t.more(ctx, err); !more {
			return raw, err
		}
	}
}

// waitForWorker limits the retries of a call that may wait for a worker.
type waitForWorker struct {
	limit time.Time
	pause backoff.Backoff
}

func waitUpTo(wait time.Duration) (w waitForWorker) {
	if wait > 0 {
		w.limit = time.Now().Add(wait)
		w.pause = pauses.Start()
		w.pause.Limit(pauses.Last / 8)
	}
	return w
}

// more reports whether to retry after err, and pauses before it returns true. If it
// returns false, the call ends with the returned error.
func (w *waitForWorker) more(ctx context.Context, err error) (bool, error) {
	if err == nil || !errors.Is(err, ErrNoWorkers) || isAnswer(err) || !time.Now().Before(w.limit) {
		return false, err
	}
	if !w.pause.Wait(ctx) {
		return false, send.WithClass(desir.ErrUnavailable, ctx.Err())
	}
	return true, nil
}

func isAnswer(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// once stores a call and waits for its outcome, without retries.
func (c *Client) once(ctx context.Context, box *inbox, method, signature string, body []byte, headers map[string]string, wait time.Time) (string, error) {
	q, err := c.request(ctx, box, method, signature, body, headers)
	if err != nil {
		return "", err
	}
	p := box.calls.Get().(*call)
	p.client, p.method, p.wait = c, method, wait
	leads, closed := box.enter(p), c.closed.Load()
	q.inbox, q.id = box.id, p.id
	if closed { // Close may have run before the call was pending
		box.fail(p.id, p, desir.ErrClosed)
	}
	switch {
	case leads:
		box.lead(ctx, p, &q)
	case !closed:
		p.send(ctx, &q)
	}
	over := ctx.Done()
	if over == nil { // the context cannot end
		<-p.done
		return c.result(p, box, method)
	}
	select {
	case <-p.done:
	case <-over:
		withdrawn := p.post.Cancel()
		if doubt, pending := box.abandon(p); pending {
			return "", doubted(c.leave(ctx, box, p, withdrawn), doubt)
		}
		<-p.done // the outcome came first
	}
	return c.result(p, box, method)
}

// request returns the frame of a call without its inbox and ID. It first does what must
// precede the call.
func (c *Client) request(ctx context.Context, box *inbox, method, signature string, body []byte, headers map[string]string) (q request, err error) {
	if len(body) > maxBody {
		return q, fmt.Errorf("%w: a request of %d bytes; the limit is %d", codec.ErrTooLarge, len(body), maxBody)
	}
	if err := checkHeaders(headers); err != nil {
		return q, err
	}
	if err := box.ready(ctx); err != nil {
		return q, err
	}
	q = request{method: method, signature: signature, headers: headers, body: textView(body)}
	d, limited := ctx.Deadline()
	if limited || c.seal != nil {
		if err := c.knowTime(ctx, box.shared); err != nil {
			return q, err
		}
	}
	if limited {
		q.deadline = uint64(max(1, c.clock.server(d)))
	}
	return q, c.promised(ctx)
}

func checkHeaders(headers map[string]string) error {
	if len(headers) > maxHeaders {
		return fmt.Errorf("%w: %d headers; the limit is %d", codec.ErrTooLarge, len(headers), maxHeaders)
	}
	for k, v := range headers {
		if len(k) > maxField || len(v) > maxField {
			return fmt.Errorf("%w: header %.64q; the limit is %d bytes", codec.ErrTooLarge, k, maxField)
		}
	}
	return nil
}

// end ends the call with an error and interrupts its caller if that reads itself.
func (p *call) end(err error) {
	p.err = err
	p.done <- struct{}{}
	// May belong to another call by then, which continues on the reader's goroutine.
	if own := p.leads.Load(); own != nil {
		own.Interrupt()
	}
}

// leave returns the error of a call whose context has ended first.
func (c *Client) leave(ctx context.Context, box *inbox, p *call, withdrawn bool) error {
	if withdrawn {
		p.settled.Store(true)
		box.free(p)
		return send.WithClass(desir.ErrUnavailable, ctx.Err())
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the worker knows the deadline
		c.cancel(box, p.id)
	}
	return send.WithClass(desir.ErrMaybeRan, ctx.Err())
}

// result returns the outcome of a call that has ended, and frees the call.
func (c *Client) result(p *call, box *inbox, method string) (string, error) {
	state, body, err := p.state, p.body, p.err
	box.free(p)
	switch {
	case err != nil:
		return "", err
	case state == stateDone:
		return body, nil
	}
	e, ok := readError(body, method)
	if !ok {
		return "", fmt.Errorf("%w: the error of a worker", errResult)
	}
	if state == stateRefused && e.Code == Unimplemented {
		e.cause = ErrUnknownMethod
	}
	return "", e
}

var errResult = errors.New("the result cannot be read")

// cancel publishes the cancellation of a call, together with others.
func (c *Client) cancel(box *inbox, id uint64) {
	p := &send.AsyncWrite{Value: string(pack.AppendUint(nil, id))}
	box.shared.Sender.SendAsync(context.Background(), p, c.cancels, c.service.cancel, func(_ *batch.Call, err error) {
		// If it is lost, the handler runs to its end.
		outage.Of(box.shared).Without(outage.Cancels, c.service.cancel, err)
	})
}

// giveUp merges concurrent cancels into one message.
func (c *Client) giveUp() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := c.h.Known() // the calls have made it
			_, command := published(h)
			b := pack.AppendString(pack.AppendArray(nil, len(calls)+1), inboxOf(h, c.prefix).id)
			for _, one := range calls {
				b = append(b, one.Value...)
			}
			cmd := redis.NewIntCmd(ctx, command, c.service.cancel, b)
			cmd.SetFirstKeyPos(1)
			return cmd
		},
		Share: func(redis.Cmder, []*batch.Call) {},
	}
}
