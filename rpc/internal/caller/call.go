package caller

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// pendingCall is a call from the moment it has an ID until its caller has the outcome.
// Calls are pooled.
type pendingCall struct {
	client    *Client
	id        uint64
	seq       uint64 // sequence number within its inbox
	method    string
	waitUntil time.Time    // may wait for a worker until then
	storedAt  atomic.Int64 // when it was stored, server's clock; 0: unknown
	inbox     *inbox       // receives its result; nil: a cast
	write     send.AsyncWrite
	onStored  func(*batch.Call, error) // p.handleStoreReply
	// storeDone is true once the store has an outcome: nothing else accesses write then.
	storeDone atomic.Bool

	liveness liveness

	// The outcome, valid after a receive from done.
	state     uint64
	body      string
	err       error
	rejection error // why a result was rejected; guarded by the inbox's lock
	done      chan struct{}
}

func newPendingCall(ib *inbox) *pendingCall {
	p := &pendingCall{inbox: ib, done: make(chan struct{}, 1)}
	p.onStored = p.handleStoreReply
	return p
}

// Call is a call that is to be made.
type Call struct {
	Method, Signature string
	Body              []byte
	Headers           map[string]string
	Wait              time.Duration // how long it may wait for a worker
}

// Call stores a call and waits for its outcome: the state and the body of the result. It
// retries while no worker is alive, as long as the caller allows.
func (c *Client) Call(ctx context.Context, q *Call) (state uint64, body string, err error) {
	ib, err := c.sharedInbox()
	if err != nil {
		return 0, "", err
	}
	if err := ctx.Err(); err != nil {
		return 0, "", send.WithClass(send.ErrUnavailable, err)
	}
	for wait := newWorkerWait(q.Wait); ; {
		state, body, err = c.callOnce(ctx, ib, q, wait.until)
		if again, err := wait.retry(ctx, err, c.NoWorkers); !again {
			return state, body, err
		}
	}
}

// workerWait limits the retries of a call that may wait for a worker.
type workerWait struct {
	until   time.Time
	backoff backoff.Backoff
}

func newWorkerWait(wait time.Duration) (w workerWait) {
	if wait > 0 {
		w.until = time.Now().Add(wait)
		w.backoff = resp.Pauses.Start()
		w.backoff.Limit(resp.Pauses.Last / 8)
	}
	return w
}

// retry reports whether to retry after err, and pauses before it returns true. If it
// returns false, the call ends with the returned error.
func (w *workerWait) retry(ctx context.Context, err, noWorkers error) (bool, error) {
	if err == nil || !errors.Is(err, noWorkers) || !time.Now().Before(w.until) {
		return false, err
	}
	if !w.backoff.Wait(ctx) {
		return false, send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	return true, nil
}

// callOnce stores a call and waits for its outcome, without retries.
func (c *Client) callOnce(ctx context.Context, ib *inbox, call *Call, waitUntil time.Time) (state uint64, body string, err error) {
	q, err := c.newRequest(ctx, ib, call)
	if err != nil {
		return 0, "", err
	}
	p := ib.freeCalls.Get().(*pendingCall)
	p.client, p.method, p.waitUntil = c, call.Method, waitUntil
	direct, closed := ib.register(p), c.closed.Load()
	q.Inbox, q.ID = ib.id, p.id
	if closed { // Close may have run before the call was pending
		ib.fail(p.id, p, send.ErrClosed)
	}
	switch {
	case direct:
		ib.direct.run(ctx, p, &q)
	case !closed:
		p.send(ctx, &q)
	}
	ended := ctx.Done()
	if ended == nil { // the context cannot end
		<-p.done
		return p.outcome()
	}
	select {
	case <-p.done:
	case <-ended:
		withdrawn := p.write.Cancel()
		if rejection, pending := ib.removeAbandoned(p); pending {
			return 0, "", withRejection(c.abandon(ctx, ib, p, withdrawn), rejection)
		}
		<-p.done // the outcome came first
	}
	return p.outcome()
}

// newRequest returns the frame of a call without its inbox and ID. It first does what
// must precede the call.
func (c *Client) newRequest(ctx context.Context, ib *inbox, call *Call) (q wire.Request, err error) {
	if len(call.Body) > wire.MaxBody {
		return q, fmt.Errorf("%w: a request of %d bytes; the limit is %d", codec.ErrTooLarge, len(call.Body), wire.MaxBody)
	}
	if err := checkHeaders(call.Headers); err != nil {
		return q, err
	}
	if err := ib.ensureKey(ctx); err != nil {
		return q, err
	}
	q = wire.Request{Method: call.Method, Signature: call.Signature, Headers: call.Headers, Body: wire.StringView(call.Body)}
	d, limited := ctx.Deadline()
	if limited || c.sealer != nil {
		if err := c.ensureClock(ctx, ib.shared); err != nil {
			return q, err
		}
	}
	if limited {
		q.Deadline = uint64(max(1, c.clock.ToServer(d)))
	}
	return q, c.checkInboxServed(ctx)
}

func checkHeaders(headers map[string]string) error {
	if len(headers) > wire.MaxHeaders {
		return fmt.Errorf("%w: %d headers; the limit is %d", codec.ErrTooLarge, len(headers), wire.MaxHeaders)
	}
	for k, v := range headers {
		if len(k) > wire.MaxField || len(v) > wire.MaxField {
			return fmt.Errorf("%w: header %.64q; the limit is %d bytes", codec.ErrTooLarge, k, wire.MaxField)
		}
	}
	return nil
}

// end ends the call, with a nil error if a cast was stored. It interrupts a caller that
// reads its result itself.
func (p *pendingCall) end(err error) {
	p.err = err
	p.done <- struct{}{}
	if p.inbox != nil {
		p.inbox.direct.interrupt(p)
	}
}

// abandon returns the error of a call whose context has ended first. It cancels a call
// that may have been sent.
func (c *Client) abandon(ctx context.Context, ib *inbox, p *pendingCall, withdrawn bool) error {
	if withdrawn {
		p.storeDone.Store(true)
		ib.putCall(p)
		return send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the worker knows the deadline
		c.cancel(ib, p.id)
	}
	return send.WithClass(send.ErrMaybeRan, ctx.Err())
}

// outcome returns the outcome of a call that has ended, and frees the call.
func (p *pendingCall) outcome() (state uint64, body string, err error) {
	state, body, err = p.state, p.body, p.err
	p.inbox.putCall(p)
	return state, body, err
}

// cancel publishes the cancellation of a call, together with others.
func (c *Client) cancel(ib *inbox, id uint64) {
	w := &send.AsyncWrite{Value: string(wire.AppendIDs(nil, id))}
	ib.shared.Sender.SendAsync(context.Background(), w, c.cancels, c.keys.Cancel, func(_ *batch.Call, err error) {
		// If it is lost, the handler runs to its end.
		outage.Of(ib.shared).Without(outage.Cancels, c.keys.Cancel, err)
	})
}

// newCancelMerger returns a merger of concurrent cancels into one message.
func (one *Client) newCancelMerger() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := one.Handle.Known() // the calls have made it
			command := "publish"
			if _, cluster := h.Redis.(*redis.ClusterClient); cluster {
				command = "spublish"
			}
			ids := make([]string, len(calls))
			for i, c := range calls {
				ids[i] = c.Value
			}
			cmd := redis.NewIntCmd(ctx, command, one.keys.Cancel, wire.AppendCancel(nil, inboxOf(h, one.Prefix).id, ids...))
			cmd.SetFirstKeyPos(1)
			return cmd
		},
		Share: func(redis.Cmder, []*batch.Call) {},
	}
}

// Cast stores a call without waiting for a result.
func (c *Client) Cast(ctx context.Context, q *Call) error {
	ib, err := c.sharedInbox()
	if err != nil {
		return err
	}
	for wait := newWorkerWait(q.Wait); ; {
		err := c.castOnce(ctx, ib, q)
		if again, err := wait.retry(ctx, err, c.NoWorkers); !again {
			return err
		}
	}
}

// castOnce stores a call, without retries.
func (c *Client) castOnce(ctx context.Context, ib *inbox, call *Call) error {
	q, err := c.newRequest(ctx, ib, call)
	if err != nil {
		return err
	}
	q.ID = ib.castID() // lets a worker recognize a second copy
	p := newPendingCall(nil)
	p.client = c
	p.send(ctx, &q)
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if p.write.Cancel() {
		return send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	return send.WithClass(send.ErrMaybeRan, ctx.Err())
}
