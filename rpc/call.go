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
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// call is a call from the moment it has an ID until its caller has what became of it.
type call struct {
	client *Client
	id     uint64
	nth    uint64 // among those of its inbox
	method string
	wait   time.Time    // until when it may wait for a worker
	out    atomic.Int64 // when it was stored, by the server's clock; 0: not known yet
	box    *inbox       // that waits for its result; nil: nobody does
	post   send.Post
	stored func(*batch.Call, error) // p.answered
	// settled: stored was called, so nobody else will touch the post.
	settled atomic.Bool
	leads   atomic.Pointer[link.Link] // over which it reads its result itself

	signs signs

	// What became of it, once done has been sent to.
	state uint64
	body  string
	err   error
	doubt error // why a result was not taken for its own; guarded by the inbox
	done  chan struct{}
}

func newCall(box *inbox) *call {
	p := &call{box: box, done: make(chan struct{}, 1)}
	p.stored = p.answered
	return p
}

// call makes a call and returns its result, one msgpack value.
func (c *Client) call(ctx context.Context, method, word string, body []byte, opts []CallOption) (string, error) {
	box, err := c.box()
	if err != nil {
		return "", err
	}
	settings := gatherCall(opts)
	if c.intercept == nil {
		return c.ask(ctx, box, method, word, body, settings)
	}
	return c.askInside(ctx, box, method, word, body, settings)
}

// askInside is ask inside the client's interceptors, apart as handleInside is.
func (c *Client) askInside(ctx context.Context, box *inbox, method, word string, body []byte, s callSettings) (raw string, err error) {
	err = c.intercepted(ctx, method, &s, func(ctx context.Context) (err error) {
		raw, err = c.ask(ctx, box, method, word, body, s)
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

// ask stores a call, and waits for what becomes of it.
func (c *Client) ask(ctx context.Context, box *inbox, method, word string, body []byte, s callSettings) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", send.Fault(desir.ErrUnavailable, err)
	}
	for t := waitUpTo(s.wait); ; {
		raw, err := c.once(ctx, box, method, word, body, s.headers, t.limit)
		if more, err := t.more(ctx, err); !more {
			return raw, err
		}
	}
}

// waitForWorker is the tries of a call that may wait for one.
type waitForWorker struct {
	limit time.Time
	pause patience
}

func waitUpTo(wait time.Duration) (w waitForWorker) {
	if wait > 0 {
		w.limit = time.Now().Add(wait)
	}
	return w
}

// more reports whether there is another try after one that ended with err, and waits
// for its time; else with what error the call ends.
func (w *waitForWorker) more(ctx context.Context, err error) (bool, error) {
	if err == nil || !errors.Is(err, ErrNoWorkers) || isAnswer(err) || !time.Now().Before(w.limit) {
		return false, err
	}
	w.pause.pause = min(w.pause.pause, lastPause/8)
	if !w.pause.wait(ctx.Done()) {
		return false, send.Fault(desir.ErrUnavailable, ctx.Err())
	}
	return true, nil
}

func isAnswer(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// once stores a call and waits, without a second try.
func (c *Client) once(ctx context.Context, box *inbox, method, word string, body []byte, headers map[string]string, wait time.Time) (string, error) {
	q, err := c.request(ctx, box, method, word, body, headers)
	if err != nil {
		return "", err
	}
	p := box.calls.Get().(*call)
	p.client, p.method, p.wait = c, method, wait
	leads, closed := box.enter(p), c.closed.Load()
	q.inbox, q.id = box.id, p.id
	if closed { // perhaps before the call was there to be ended
		box.fail(p.id, p, desir.ErrClosed)
	}
	switch {
	case leads:
		box.lead(ctx, p, &q)
	case !closed:
		p.send(ctx, &q)
	}
	over := ctx.Done()
	if over == nil { // the short way for who cannot leave
		<-p.done
		return c.result(p, box, method)
	}
	select {
	case <-p.done:
	case <-over:
		withdrawn := p.post.Withdraw()
		if doubt, pending := box.abandon(p); pending {
			return "", doubted(c.leave(ctx, box, p, withdrawn), doubt)
		}
		<-p.done // what became of it was faster
	}
	return c.result(p, box, method)
}

// request makes the frame of a call, all but its inbox and ID.
func (c *Client) request(ctx context.Context, box *inbox, method, word string, body []byte, headers map[string]string) (q request, err error) {
	if len(body) > maxBody {
		return q, fmt.Errorf("%w: %d bytes, and a call has %d at most", codec.ErrTooLarge, len(body), maxBody)
	}
	if err := checkHeaders(headers); err != nil {
		return q, err
	}
	if err := box.ready(ctx); err != nil {
		return q, err
	}
	q = request{method: method, word: word, headers: headers, body: textView(body)}
	d, limited := ctx.Deadline()
	if limited || c.seal != nil {
		if err := c.knowTime(ctx, box.hub); err != nil {
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
		return fmt.Errorf("%w: %d headers, and a call has %d at most", codec.ErrTooLarge, len(headers), maxHeaders)
	}
	for k, v := range headers {
		if len(k) > maxWord || len(v) > maxWord {
			return fmt.Errorf("%w: the header %.64q; %d bytes are the most", codec.ErrTooLarge, k, maxWord)
		}
	}
	return nil
}

// end tells the caller that the call has ended, and ends its reading if it leads.
func (p *call) end(err error) {
	p.err = err
	p.done <- struct{}{}
	if own := p.leads.Load(); own != nil { // perhaps of another call by then, which goes on
		own.Interrupt()
	}
}

// leave is the end of a call whose context has ended first.
func (c *Client) leave(ctx context.Context, box *inbox, p *call, withdrawn bool) error {
	if withdrawn {
		p.settled.Store(true)
		box.free(p)
		return send.Fault(desir.ErrUnavailable, ctx.Err())
	}
	if errors.Is(ctx.Err(), context.Canceled) { // a deadline the worker knows
		c.cancel(box, p.id)
	}
	return send.Fault(desir.ErrMaybeRan, ctx.Err())
}

// result is what became of a call that has ended, which is free then.
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

var errResult = errors.New("a result that cannot be read")

// cancel tells the workers that a call was given up, together with others.
func (c *Client) cancel(box *inbox, id uint64) {
	p := &send.Post{Value: string(pack.AppendUint(nil, id))}
	box.hub.Send.Post(context.Background(), p, c.cancels, c.service.cancel, func(_ *batch.Call, err error) {
		outage.Of(box.hub).Without(outage.Cancels, c.service.cancel, err) // one that is lost: the handler ends by itself
	})
}

// giveUp is the kind of a cancel: one message for all calls.
func (c *Client) giveUp() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := c.h.Known() // the callers have it already
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
