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

// store is the kind of a call's way to the list; one for each service, since the script
// has its keys.
func (c *Client) store() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := c.h.Known() // the callers have it already
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

// frame makes the frame of the call. If it cannot be sealed the call has ended.
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
	p.post.Here = ctx.Done() == nil // else it may have to leave
	return true
}

// send stores the call, together with others, and does not wait.
func (p *call) send(ctx context.Context, q *request) {
	if p.frame(ctx, q) {
		p.store(ctx)
	}
}

// store is send once there is a frame.
func (p *call) store(ctx context.Context) {
	c := p.client
	h := c.h.Known()
	h.Send.Post(ctx, &p.post, c.kind, c.service.calls, p.stored)
}

// answered takes the answer to the store.
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
