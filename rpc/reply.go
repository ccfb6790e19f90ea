package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

// packedNil is nil in msgpack.
const packedNil = 0xc0

// Batches of entries of an inbox: results, and IDs of running calls.
var (
	deliver     = entryOf(resultField)
	deliverHeld = entryOf(heldField)
)

// entryOf merges the values for one inbox into one entry with one field. XADD does not
// create a stream that is gone.
func entryOf(field string) *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			results := calls[0].Value
			if len(calls) > 1 {
				n := 0
				for _, c := range calls {
					n += len(c.Value)
				}
				all := make([]byte, 0, n)
				for _, c := range calls {
					all = append(all, c.Value...)
				}
				results = textView(all)
			}
			return redis.NewStringCmd(ctx, "xadd", calls[0].Key, "nomkstream", "*", field, results)
		},
		Share: func(redis.Cmder, []*batch.Call) {},
	}
}

// outgoing is a batch of results for one client. Batches are pooled.
type outgoing struct {
	post   send.AsyncWrite
	direct conn.Command
	run    *run
	of     string    // name of the inbox; kept with inbox for the next batch
	inbox  string    // its key
	hint   bool      // a refusal to an inbox that the worker does not serve
	frames []byte    // encoded results
	n      int64     // number of results
	began  time.Time // when its delivery first failed
	pause  backoff.Backoff
	done   func(*batch.Call, error) // o.delivered
}

var outgoings = sync.Pool{New: func() any { return &outgoing{} }}

// newOutgoing returns an empty batch for the client of a call. The worker does not end
// before it is delivered.
func newOutgoing(c *incoming) *outgoing {
	o := outgoings.Get().(*outgoing)
	if o.done == nil {
		o.done = o.delivered
	}
	if of := c.request.inbox; o.of != of {
		o.inbox = inboxKey(of)
		o.of = o.inbox[len(o.inbox)-len(of):] // does not keep the frame in memory
	}
	o.run, o.frames, o.n, o.began, o.pause, o.hint = c.run, o.frames[:0], 0, time.Time{}, pauses.Start(), false
	c.run.calls.Add(1)
	return o
}

// add adds a result.
func (o *outgoing) add(r result) {
	o.frames = r.append(o.frames)
	o.n++
}

// reply sends the result of a call asynchronously, together with others for the same
// client.
func (c *incoming) reply(state uint64, body []byte) {
	if c.request.inbox == "" {
		return // a cast
	}
	r := result{c.request.id, state, textView(body)}
	if c.seal != nil {
		r = c.sealed(r)
	}
	if c.inline != nil && c.inline.keep(c, r) {
		return
	}
	o := newOutgoing(c)
	o.add(r)
	o.send(c.inline == nil) // the reading goroutine must not block
}

// sealed seals a result.
func (c *incoming) sealed(r result) result {
	body, err := c.seal.result(&c.request, r)
	if err != nil { // the client counts an unsealed result as forged
		c.run.s.settings.log.Error("desir: a result cannot be sealed", "service", c.run.s.h.Key, "method", c.request.method, "error", err)
		body = appendError(nil, &Error{Code: Internal, Message: "the result cannot be sealed"}, c.run.s.name)
		r.state = stateFailed
	}
	r.body = textView(body)
	return r
}

// hint refuses a call whose inbox the worker does not serve, if the inbox has the default
// prefix. If the worker lacks permission, the client gets no result.
func (c *incoming) hint(err error) {
	if c.request.inbox == "" || prefixOf(c.request.inbox) != "" {
		return
	}
	o := newOutgoing(c)
	o.hint = true
	o.add(result{c.request.id, stateRefused, textView(appendError(nil, &Error{Code: InvalidArgument, Message: err.Error()}, c.run.s.name))})
	o.send(false)
}

// send sends the batch asynchronously. here is the field of [send.AsyncWrite].
func (o *outgoing) send(here bool) {
	o.post.Value, o.post.Inline = string(o.frames), here
	o.run.shared.Sender.SendAsync(context.Background(), &o.post, deliver, o.inbox, o.done)
}

func post(results []*outgoing) {
	for _, o := range results {
		o.send(false)
	}
}

// command returns the command that delivers the batch over a connection. Its user must call
// [outgoing.delivered] then.
func (o *outgoing) command() *conn.Command {
	o.direct.Args = append(o.direct.Args[:0], "xadd", o.inbox, "nomkstream", "*", resultField, textView(o.frames))
	o.direct.KeyPos = 1
	return &o.direct
}

// delivered handles the outcome of a delivery. It retries even if the entry may have been
// written: a client ignores results that it does not wait for.
func (o *outgoing) delivered(_ *batch.Call, err error) {
	r := o.run
	switch {
	case err == nil:
	case errors.Is(err, redis.Nil):
		r.s.stats.late.Add(o.n)
	case o.hint:
	// The worker may not write to this inbox; others may be fine. The client gets no
	// result.
	case errors.Is(err, desir.ErrDenied):
		r.s.stats.undelivered.Add(o.n)
		r.s.warnOfInbox(err)
	// Only this client is affected, and its own reads return the error.
	case errors.Is(err, desir.ErrWrongType):
		r.s.stats.undelivered.Add(o.n)
		r.s.settings.log.Warn("desir: results could not be delivered; the key of their inbox holds something else", "service", r.s.h.Key, "results", o.n)
	default:
		if o.began.IsZero() {
			o.began = time.Now()
		}
		if time.Since(o.began) < lease && !permanent(err) {
			time.AfterFunc(o.pause.Next(), func() { o.send(false) })
			return
		}
		r.s.stats.undelivered.Add(o.n)
		r.giveUp()
		r.s.settings.log.Error("desir: results could not be delivered", "service", r.s.label(), "results", o.n, "error", err)
	}
	o.run, o.post.Value = nil, ""
	if cap(o.frames) > maxScratch {
		o.frames = nil
	}
	outgoings.Put(o)
	r.calls.Done()
}
