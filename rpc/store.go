package rpc

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/script"
)

var listLifeMillis = strconv.FormatInt(listLife.Milliseconds(), 10)

// store merges concurrent calls into one run of the script that stores them. Each service
// has its own, because the script has the service's keys.
func (c *Client) store() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := c.h.Known() // the calls have made it
			args := make([]any, 1, 1+len(calls))
			args[0] = listLife.Milliseconds()
			for _, one := range calls {
				args = append(args, &one.Value)
			}
			return callScript.Command(ctx, h, []string{c.service.calls, c.service.alive}, args...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			n, err := numbers(cmd.(*redis.Cmd).Val(), 2)
			if err != nil {
				// Assume that they were stored; results or checks decide.
				n = []int64{int64(len(calls)), 1}
			} else {
				c.clock.tell(n[1])
			}
			for i, one := range calls {
				one.Count = outcome(n, i)
			}
		},
	}
}

// Outcomes of a store; otherwise the time at which the call was stored.
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

// frame encodes the frame of the call. If it cannot be sealed, frame ends the call and
// returns false.
func (p *call) frame(ctx context.Context, q *request) bool {
	b := scratch.Get().(*[]byte)
	defer giveBack(b)
	var err error
	if s := p.client.seal; s == nil {
		*b = q.append((*b)[:0])
	} else if *b, err = s.request((*b)[:0], q, p.client.clock.server(time.Now())); err != nil {
		p.settle(err)
		p.settled.Store(true)
		return false
	}
	p.post.Value = string(*b)
	p.post.Inline = ctx.Done() == nil // else the caller must be able to leave
	return true
}

// send stores the call asynchronously, together with others.
func (p *call) send(ctx context.Context, q *request) {
	if p.frame(ctx, q) {
		p.store(ctx)
	}
}

// store is send with an encoded frame.
func (p *call) store(ctx context.Context) {
	c := p.client
	h := c.h.Known()
	h.Sender.SendAsync(ctx, &p.post, c.kind, c.service.calls, p.stored)
}

// answered receives the reply to the store.
func (p *call) answered(one *batch.Call, err error) {
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
	case script.Unknown(err): // not executed: the script is not cached; Run loads it
		go p.sendAlone()
		return
	default:
		p.notStored(err)
	}
	p.settled.Store(true)
}

// ledTo receives the reply to the store of a call that was sent over the reader's connection.
// If the server did not execute it, the call is stored the usual way, unless its caller
// has left.
func (p *call) ledTo(n int64, err error) {
	if errors.Is(err, desir.ErrUnavailable) && p.box.has(p.id, p) {
		go p.sendAlone() // a caller that leaves may access the post
		return
	}
	p.settleStore(n, err)
}

const hope = time.Second // wait for the result of a call that may have been stored

// notStored handles an error of the store. If the call may have been stored, it waits for
// the result, which is more precise than the error.
func (p *call) notStored(err error) {
	if p.box == nil || !errors.Is(err, desir.ErrMaybeRan) {
		p.settle(err)
		return
	}
	box, id := p.box, p.id // p may be reused by then
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

// sendAlone stores the call in a separate run of the script.
func (p *call) sendAlone() {
	c := p.client
	h := c.h.Known()
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
