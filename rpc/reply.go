package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/fuse"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// packedNil is msgpack's nil.
const packedNil = 0xc0

// deliver is an entry of an inbox that holds the results of all calls: XADD into a stream
// that is there. One that is gone stays gone.
var deliver = &fuse.Kind{
	Joins: true,
	Command: func(ctx context.Context, calls []*fuse.Call) redis.Cmder {
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
		return redis.NewStringCmd(ctx, "xadd", calls[0].Key, "nomkstream", "*", resultField, results)
	},
	Answer: func(redis.Cmder, []*fuse.Call) {},
}

// outgoing is a result on its way.
type outgoing struct {
	post  send.Post
	run   *run
	of    string    // the client; kept, as inbox is, for the next result
	inbox string    // its key
	began time.Time // of its trouble
	pause patience
	done  func(*fuse.Call, error) // o.delivered
}

var outgoings = sync.Pool{New: func() any { return &outgoing{} }}

// reply sends the result of a call, together with others for the same client, and
// does not wait for that.
func (c *incoming) reply(state uint64, body []byte) {
	if c.request.inbox == "" {
		return // a cast
	}
	b := scratch.Get().(*[]byte)
	frame := result{c.request.id, state, textView(body)}
	*b = frame.append((*b)[:0])
	o := outgoings.Get().(*outgoing)
	if o.done == nil {
		o.done = o.delivered
	}
	if o.of != c.request.inbox {
		o.inbox = keys.Inbox(c.request.inbox)
		o.of = o.inbox[len(o.inbox)-len(c.request.inbox):] // what keeps no frame
	}
	o.run, o.began, o.pause = c.run, time.Time{}, patience{}
	o.post.Value, o.post.Here = string(*b), true
	giveBack(b)
	c.run.calls.Add(1)
	o.send()
}

func (o *outgoing) send() {
	o.run.hub.Send.Post(context.Background(), &o.post, deliver, o.inbox, o.done)
}

// delivered looks at what became of a result. It may be sent again whatever happened: a
// client knows which results it waits for.
func (o *outgoing) delivered(_ *fuse.Call, err error) {
	r := o.run
	switch {
	case err == nil:
	case errors.Is(err, redis.Nil):
		r.s.stats.late.Add(1)
	default:
		if o.began.IsZero() {
			o.began = time.Now()
		}
		if time.Since(o.began) < lease && !hopeless(err) {
			o.post.Here = false
			time.AfterFunc(o.pause.next(), o.send)
			return
		}
		r.s.stats.undelivered.Add(1)
		r.s.settings.log.Error("desir: a result could not be delivered", "service", r.s.h.Key, "error", err)
	}
	o.run, o.post.Value = nil, ""
	outgoings.Put(o)
	r.calls.Done()
}
