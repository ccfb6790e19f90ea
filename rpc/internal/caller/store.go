package caller

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const listLife = 24 * time.Hour

var listLifeMillis = strconv.FormatInt(listLife.Milliseconds(), 10)

// newStoreMerger merges concurrent calls into one run of the script that stores them.
// Each service has its own, because the script has the service's keys.
func (c *Client) newStoreMerger() *batch.Merger {
	return &batch.Merger{
		Merges: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			h := c.Handle.Known() // the calls have made it
			args := make([]any, 1, 1+len(calls))
			args[0] = listLife.Milliseconds()
			for _, c := range calls {
				args = append(args, &c.Value)
			}
			return lua.Call.Command(ctx, h, []string{c.keys.Calls, c.keys.Alive}, args...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			ints, err := lua.Ints(cmd.(*redis.Cmd).Val(), 2)
			if err != nil {
				// Assume that they were stored; results or checks decide.
				ints = []int64{int64(len(calls)), 1}
			} else {
				c.clock.Set(ints[1])
			}
			for i, c := range calls {
				c.Count = storeOutcome(ints, i)
			}
		},
	}
}

// Outcomes of a store; otherwise the time at which the call was stored.
const (
	noWorkers  = -1
	overloaded = -2
)

func storeOutcome(reply []int64, i int) int64 {
	switch {
	case reply[0] < 0:
		return noWorkers
	case int64(i) >= reply[0]:
		return overloaded
	default:
		return reply[1]
	}
}

// encode encodes the frame of the call. If it cannot be sealed, encode ends the call and
// returns false.
func (p *pendingCall) encode(ctx context.Context, q *wire.Request) bool {
	b := wire.GetBuffer()
	defer wire.PutBuffer(b)
	var err error
	if s := p.client.sealer; s == nil {
		*b = q.Append((*b)[:0])
	} else if *b, err = s.SealRequest((*b)[:0], q, p.client.clock.ToServer(time.Now())); err != nil {
		p.endIfPending(err)
		p.storeDone.Store(true)
		return false
	}
	p.write.Value = string(*b)
	p.write.Inline = ctx.Done() == nil // else the caller must be able to leave
	return true
}

// send stores the call asynchronously, together with others.
func (p *pendingCall) send(ctx context.Context, q *wire.Request) {
	if p.encode(ctx, q) {
		p.enqueue(ctx)
	}
}

// enqueue is send with an encoded frame.
func (p *pendingCall) enqueue(ctx context.Context) {
	c := p.client
	h := c.Handle.Known()
	h.Sender.SendAsync(ctx, &p.write, c.stores, c.keys.Calls, p.onStored)
}

// handleStoreReply receives the reply to the store.
func (p *pendingCall) handleStoreReply(c *batch.Call, err error) {
	var n int64
	if err == nil {
		n = c.Count
	}
	p.finishStore(n, err)
}

func (p *pendingCall) finishStore(n int64, err error) {
	switch {
	case err == nil:
		p.finishStored(n)
	case script.Unknown(err): // not executed: the script is not cached; Run loads it
		go p.storeUnbatched()
		return
	default:
		p.handleStoreError(err)
	}
	p.storeDone.Store(true)
}

const resultGrace = time.Second // wait for the result of a call that may have been stored

// handleStoreError handles an error of the store. If the call may have been stored, it
// waits for the result, which is more precise than the error.
func (p *pendingCall) handleStoreError(err error) {
	if p.inbox == nil || !errors.Is(err, send.ErrMaybeRan) {
		p.endIfPending(err)
		return
	}
	ib, id := p.inbox, p.id // p may be reused by then
	time.AfterFunc(resultGrace, func() { ib.fail(id, p, err) })
}

func (p *pendingCall) finishStored(n int64) {
	switch n {
	case noWorkers:
		p.endIfPending(p.client.NoWorkers)
	case overloaded:
		p.endIfPending(p.client.Overloaded)
	default:
		p.storedAt.Store(n)
		if p.inbox == nil {
			p.endIfPending(nil)
		}
	}
}

// storeUnbatched stores the call in a separate run of the script.
func (p *pendingCall) storeUnbatched() {
	c := p.client
	h := c.Handle.Known()
	reply, err := lua.Call.Run(context.Background(), h, []string{c.keys.Calls, c.keys.Alive}, listLife.Milliseconds(), p.write.Value)
	if err == nil {
		var ints []int64
		if ints, err = lua.Ints(reply, 2); err == nil {
			p.finishStored(storeOutcome(ints, 0))
		}
	}
	if err != nil {
		p.handleStoreError(err)
	}
	p.storeDone.Store(true)
}

// endIfPending ends the call, unless it has ended.
func (p *pendingCall) endIfPending(err error) {
	if p.inbox == nil || p.inbox.remove(p.id, p) {
		p.end(err)
	}
}
