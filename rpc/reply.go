package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

// packedNil is msgpack's nil.
const packedNil = 0xc0

// Entries of an inbox, with the results of all calls, and with the IDs of calls that a worker
// has.
var (
	deliver     = entryOf(resultField)
	deliverHeld = entryOf(heldField)
)

// entryOf is an entry of an inbox whose one field holds the values of all calls: XADD into
// a stream that is there. One that is gone stays gone.
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

// outgoing is results for one client on their way.
type outgoing struct {
	post   send.Post
	direct link.Command
	run    *run
	of     string    // the client; kept, as inbox is, for the next results
	inbox  string    // its key
	hint   bool      // a refusal to an inbox that is not the worker's to write to
	frames []byte    // of the results
	n      int64     // how many
	began  time.Time // of its trouble
	pause  patience
	done   func(*batch.Call, error) // o.delivered
}

var outgoings = sync.Pool{New: func() any { return &outgoing{} }}

// newOutgoing begins results for the client of a call. The worker does not end before
// they are delivered.
func newOutgoing(c *incoming) *outgoing {
	o := outgoings.Get().(*outgoing)
	if o.done == nil {
		o.done = o.delivered
	}
	if of := c.request.inbox; o.of != of {
		o.inbox = inboxKey(of)
		o.of = o.inbox[len(o.inbox)-len(of):] // what keeps no frame
	}
	o.run, o.frames, o.n, o.began, o.pause, o.hint = c.run, o.frames[:0], 0, time.Time{}, patience{}, false
	c.run.calls.Add(1)
	return o
}

// add adds a result.
func (o *outgoing) add(r result) {
	o.frames = r.append(o.frames)
	o.n++
}

// reply sends the result of a call, together with others for the same client, and
// does not wait for that.
func (c *incoming) reply(state uint64, body []byte) {
	if c.request.inbox == "" {
		return // a cast
	}
	r := result{c.request.id, state, textView(body)}
	if c.seal != nil {
		r = c.sealed(r)
	}
	if c.turn != nil && c.turn.keep(c, r) {
		return
	}
	o := newOutgoing(c)
	o.add(r)
	o.send(c.turn == nil) // the reader has more to do
}

// sealed seals a result.
func (c *incoming) sealed(r result) result {
	body, err := c.seal.result(&c.request, r)
	if err != nil { // the caller takes what is not sealed for a sign that something is wrong
		c.run.s.settings.log.Error("desir: a result cannot be sealed", "service", c.run.s.h.Key, "method", c.request.method, "error", err)
		body = appendError(nil, &Error{Code: Internal, Message: "the result cannot be sealed"}, c.run.s.name)
		r.state = stateFailed
	}
	r.body = textView(body)
	return r
}

// hint refuses a call whose inbox is not the worker's to write to, if it is one of the
// default, which does no harm. If the worker may not do that, the client learns by the silence.
func (c *incoming) hint(err error) {
	if c.request.inbox == "" || prefixOf(c.request.inbox) != "" {
		return
	}
	o := newOutgoing(c)
	o.hint = true
	o.add(result{c.request.id, stateRefused, textView(appendError(nil, &Error{Code: InvalidArgument, Message: err.Error()}, c.run.s.name))})
	o.send(false)
}

// send posts the results; here as in [send.Post].
func (o *outgoing) send(here bool) {
	o.post.Value, o.post.Here = string(o.frames), here
	o.run.hub.Send.Post(context.Background(), &o.post, deliver, o.inbox, o.done)
}

func post(results []*outgoing) {
	for _, o := range results {
		o.send(false)
	}
}

// command delivers the results over a link of the caller's, who says [outgoing.delivered] then.
func (o *outgoing) command() *link.Command {
	o.direct.Words = append(o.direct.Words[:0], "xadd", o.inbox, "nomkstream", "*", resultField, textView(o.frames))
	o.direct.Key = 1
	return &o.direct
}

// delivered looks at what became of results. They may be sent again whatever happened: a
// client knows which results it waits for.
func (o *outgoing) delivered(_ *batch.Call, err error) {
	r := o.run
	switch {
	case err == nil:
	case errors.Is(err, redis.Nil):
		r.s.stats.late.Add(o.n)
	case o.hint:
	case errors.Is(err, desir.ErrDenied): // this inbox is not for this worker, which others are: the client learns by the silence
		r.s.stats.undelivered.Add(o.n)
		r.s.warnOfInbox(err)
	case errors.Is(err, desir.ErrWrongType): // the client's own inbox is spoilt, which hurts nobody else: its reads tell it
		r.s.stats.undelivered.Add(o.n)
		r.s.settings.log.Warn("desir: results could not be delivered; the key of their inbox holds something else", "service", r.s.h.Key, "results", o.n)
	default:
		if o.began.IsZero() {
			o.began = time.Now()
		}
		if time.Since(o.began) < lease && !hopeless(err) {
			time.AfterFunc(o.pause.next(), func() { o.send(false) })
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
