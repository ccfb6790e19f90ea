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
	"github.com/desir-go/desir/internal/fuse"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// call is a call from the moment it has an ID until its caller has what became of it.
type call struct {
	client *Client
	id     uint64
	wait   time.Time    // until when it may wait for a worker
	out    atomic.Int64 // when it was stored, by the server's clock; 0: not known yet
	box    *inbox       // that waits for its result; nil: nobody does
	post   send.Post
	stored func(*fuse.Call, error) // p.answered
	// settled: stored was called, so nobody else will touch the post.
	settled atomic.Bool
	leads   atomic.Pointer[link.Link] // over which it reads its result itself

	// What became of it, once done has been sent to.
	state uint64
	body  string
	err   error
	done  chan struct{}
}

func newCall(box *inbox) *call {
	p := &call{box: box, done: make(chan struct{}, 1)}
	p.stored = p.answered
	return p
}

// store is the kind of a call's way to the list; one for each service, since the script
// has its keys.
func (c *Client) store() *fuse.Kind {
	return &fuse.Kind{
		Joins: true,
		Command: func(ctx context.Context, calls []*fuse.Call) redis.Cmder {
			h, _ := c.h.Hub() // the callers have it already
			args := make([]any, 1, 1+len(calls))
			args[0] = listLife.Milliseconds()
			for _, one := range calls {
				args = append(args, &one.Value)
			}
			return callScript.Command(ctx, h, []string{c.service.calls, c.service.alive}, args...)
		},
		Answer: func(cmd redis.Cmder, calls []*fuse.Call) {
			n, err := numbers(cmd.(*redis.Cmd).Val(), 2)
			if err != nil {
				n = []int64{int64(len(calls)), 1} // as if stored; the result will tell
			} else {
				c.clock.tell(n[1])
			}
			for i, one := range calls {
				one.Count = outcome(n, i)
			}
		},
	}
}

// What a store says about one call, if not when it was stored.
const (
	noWorkers  = -1
	overloaded = -2
)

func outcome(answer []int64, i int) int64 {
	switch {
	case answer[0] < 0:
		return noWorkers
	case int64(i) >= answer[0]:
		return overloaded
	default:
		return answer[1]
	}
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
	q.inbox, q.id = box.id, box.next.Add(1)
	p := box.calls.Get().(*call)
	p.client, p.id, p.wait = c, q.id, wait
	leads, closed := box.enter(p), c.closed.Load()
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
		if box.remove(p.id, p) {
			return "", c.leave(ctx, box, p, withdrawn)
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
	if d, ok := ctx.Deadline(); ok {
		if err := c.knowTime(ctx, box.hub); err != nil {
			return q, err
		}
		q.deadline = uint64(max(1, c.clock.server(d)))
	}
	return q, nil
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

// frame makes the frame of the call.
func (p *call) frame(ctx context.Context, q *request) {
	b := scratch.Get().(*[]byte)
	*b = q.append((*b)[:0])
	p.post.Value = string(*b)
	p.post.Here = ctx.Done() == nil // else it may have to leave
	giveBack(b)
}

// send stores the call, together with others, and does not wait.
func (p *call) send(ctx context.Context, q *request) {
	p.frame(ctx, q)
	p.store(ctx)
}

// store is send once there is a frame.
func (p *call) store(ctx context.Context) {
	c := p.client
	h, _ := c.h.Hub()
	h.Send.Post(ctx, &p.post, c.kind, c.service.calls, p.stored)
}

// answered takes the answer to the store.
func (p *call) answered(one *fuse.Call, err error) {
	var n int64
	if err == nil {
		n = one.Count
	}
	p.settleStore(n, err)
}

func (p *call) settleStore(n int64, err error) {
	switch {
	case err == nil:
		p.outcome(n)
	case script.Unknown(err): // not executed; Run finds the way
		go p.sendAlone()
		return
	default:
		p.notStored(err)
	}
	p.settled.Store(true)
}

// ledTo is answered for a call that led. What was not executed goes the way of other calls, if
// its caller is still there.
func (p *call) ledTo(n int64, err error) {
	if errors.Is(err, desir.ErrUnavailable) && p.box.has(p.id, p) {
		go p.sendAlone() // the post may be asked by who leaves
		return
	}
	p.settleStore(n, err)
}

const hope = time.Second // for the result of a call of which nobody knows whether it was stored

// notStored takes an error of the store. If the call may have been stored all the same, its
// result may come, and tells more.
func (p *call) notStored(err error) {
	if p.box == nil || !errors.Is(err, desir.ErrMaybeRan) {
		p.settle(err)
		return
	}
	box, id := p.box, p.id // p may have another call by then
	time.AfterFunc(hope, func() { box.fail(id, p, err) })
}

func (p *call) outcome(n int64) {
	switch n {
	case noWorkers:
		p.settle(ErrNoWorkers)
	case overloaded:
		p.settle(ErrOverloaded)
	default:
		p.out.Store(n)
		if p.box == nil {
			p.settle(nil)
		}
	}
}

// sendAlone stores the call by a run of the script of its own.
func (p *call) sendAlone() {
	c := p.client
	h, _ := c.h.Hub()
	answer, err := callScript.Run(context.Background(), h, []string{c.service.calls, c.service.alive}, listLife.Milliseconds(), p.post.Value)
	if err == nil {
		var n []int64
		if n, err = numbers(answer, 2); err == nil {
			p.outcome(outcome(n, 0))
		}
	}
	if err != nil {
		p.notStored(err)
	}
	p.settled.Store(true)
}

// settle ends the call, unless it has ended.
func (p *call) settle(err error) {
	if p.box == nil || p.box.remove(p.id, p) {
		p.end(err)
	}
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
	box.hub.Send.Post(context.Background(), p, c.cancels, c.service.cancel, func(*fuse.Call, error) {}) // if it is lost, the handler ends by itself
}

// giveUp is the kind of a cancel: one message for all calls.
func (c *Client) giveUp() *fuse.Kind {
	return &fuse.Kind{
		Joins: true,
		Command: func(ctx context.Context, calls []*fuse.Call) redis.Cmder {
			h, _ := c.h.Hub()
			_, command := published(h)
			b := pack.AppendString(pack.AppendArray(nil, len(calls)+1), inboxOf(h).id)
			for _, one := range calls {
				b = append(b, one.Value...)
			}
			cmd := redis.NewIntCmd(ctx, command, c.service.cancel, b)
			cmd.SetFirstKeyPos(1)
			return cmd
		},
		Answer: func(redis.Cmder, []*fuse.Call) {},
	}
}
