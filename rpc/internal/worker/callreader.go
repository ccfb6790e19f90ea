package worker

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
)

const (
	pokeLife = time.Minute
	// Results from this number on leave in one pipeline with the read.
	pipelinedResults = 64
	// Estimated reply time below which few results are sent before the read.
	nearReplyTime = 300 * time.Microsecond
	// Reads with results in their pipeline after which the reply time is measured again.
	remeasureAfter = 128
)

// callReader reads calls from the list, and delivers results over the same connection.
type callReader struct {
	resp.Blocking
	run      *run
	noBLMPop bool // the server has no BLMPOP

	popCmd      resp.Command // the command that blocks
	restCmd     resp.Command
	popped      popReply // replies to popCmd and restCmd
	piggybacked piggybacked

	leaseCmd   resp.Command // renews the lease
	leaseReply []any        // reply to it
	// When the renewal was last refused, as age of the server.
	renewalFailedAt time.Duration
	// When the connection was last known to be open.
	usedAt time.Duration

	replyTime  time.Duration // estimated reply time for results
	unmeasured int           // reads with results in their pipeline since the last measurement

	mu          sync.Mutex
	incarnation string // incarnation that the read belongs to
	pokeKey     string // key that ends its read
	blocking    bool   // a read may block
	stopped     bool   // no further read may begin
}

func newCallReader(r *run) *callReader {
	cr := &callReader{Blocking: resp.Blocking{Shared: r.shared, Key: r.w.keys.Calls}, run: r}
	cr.popped.key = cr.Key
	cr.popCmd.Decode = cr.popped.decode
	cr.restCmd = resp.Command{KeyPos: 2, Decode: cr.popped.decodeLMPop}
	cr.leaseCmd = resp.Command{KeyPos: 3, Decode: cr.decodeLease}
	return cr
}

// pop waits for up to n calls, at most for the block time, and delivers the results.
// If calls may have been lost, the error is send.ErrMaybeRan.
//
// It takes calls for one incarnation. Its command lists the poke key of the incarnation
// first. When the incarnation ends, an element is put there. So this read takes no call
// after the end, even if it arrives late.
func (cr *callReader) pop(id string, n int, results []*resultBatch) ([]string, error) {
	ctx := context.Background()
	if err := cr.ensureLease(ctx, id); err != nil || cr.run.incarnation() != id || !cr.startRead(id) {
		sendAll(results)
		return nil, err
	}
	p := cr.piggyback(ctx, results)
	defer p.sendRest() // in any case
	calls, err := cr.popCalls(ctx, n, p)
	cr.usedAt = cr.run.w.age()
	cr.mu.Lock()
	cr.blocking = false
	stopped := cr.stopped
	cr.mu.Unlock()
	if err == nil && cr.popped.poked && !stopped {
		cr.run.clearIncarnation(id)
	}
	if errors.Is(err, errSilent) && cr.run.detachRead(id, cr.Conn, cr.noBLMPop) {
		cr.Conn = nil // it belongs to the detached read now
		return nil, nil
	}
	if !cr.noBLMPop && errors.Is(err, send.ErrNotSupported) {
		cr.noBLMPop = true
		return nil, nil
	}
	return calls, err
}

// piggybacked holds results that are delivered over the reader's connection.
type piggybacked struct {
	results []*resultBatch
	cmds    []*resp.Command
	count   int64 // number of results
}

// piggyback picks the results whose inboxes are on the reader's node, and sends the
// others through the client.
func (cr *callReader) piggyback(ctx context.Context, results []*resultBatch) *piggybacked {
	p := &cr.piggybacked
	p.results, p.cmds, p.count = p.results[:0], p.cmds[:0], 0
	for _, b := range results {
		if cr.Conn != nil {
			if node, err := cr.Shared.Node(ctx, b.key); err == nil && cr.Conn.OpenedFor(node) {
				p.results, p.cmds, p.count = append(p.results, b), append(p.cmds, b.command()), p.count+b.count
				continue
			}
		}
		b.send(false)
	}
	return p
}

// finish handles the outcome of the results. Those with an error are sent through the
// client.
func (p *piggybacked) finish() {
	for _, b := range p.results {
		switch {
		case b.cmd.Err != nil:
			b.send(false)
		case b.cmd.Null:
			b.handleDelivery(nil, redis.Nil)
		default:
			b.handleDelivery(nil, nil)
		}
	}
	p.reset()
}

// sendRest sends the results that are not finished through the client.
func (p *piggybacked) sendRest() {
	sendAll(p.results)
	p.reset()
}

func (p *piggybacked) reset() {
	clear(p.results)
	p.results = p.results[:0]
}

// popWith sends the command that pops, and delivers the results. The error is the pop's.
//
// If the server is near, a few results are sent first, and the pop after their replies.
// Otherwise the server would block this reader before it wakes the client, and the
// client's next calls would arrive in more reads. Many results leave in one pipeline with
// the pop. So do all results if the server is far, because they would cost a round trip.
func (cr *callReader) popWith(ctx context.Context, p *piggybacked, pop *resp.Command) error {
	var cmds []*resp.Command
	switch {
	case len(p.results) == 0:
	case cr.sendsFirst(p.count):
		start := time.Now()
		_ = cr.Do(ctx, p.cmds...) // each command has its own error
		cr.observeReplyTime(time.Since(start))
		p.finish()
	default:
		cr.unmeasured++
		cmds = p.cmds
	}
	if cr.Conn == nil {
		_ = cr.Do(ctx, append(cmds, pop)...)
	} else {
		cr.sendAndReceive(ctx, cmds, pop)
	}
	if len(cmds) > 0 {
		p.finish()
	}
	return pop.Err
}

var errSilent = errors.New("the connection for reading calls is silent")

// sendAndReceive is do over the dedicated connection. The error of the pop is errSilent
// if its reply has not begun in time.
func (cr *callReader) sendAndReceive(ctx context.Context, cmds []*resp.Command, pop *resp.Command) {
	sent := cr.Conn.Send(append(cmds, pop)...)
	for _, c := range cmds {
		_ = cr.Conn.Receive(c) // the command has the error
		c.Err = cr.Classify(ctx, c.Err, sent)
	}
	if sent && cr.Conn.TimedOut() {
		pop.Null, pop.Err = false, send.WithClass(send.ErrMaybeRan, errSilent)
		return
	}
	_ = cr.Conn.Receive(pop)
	pop.Err = cr.Classify(ctx, pop.Err, sent)
}

// sendsFirst reports whether the results are sent before the pop.
func (cr *callReader) sendsFirst(results int64) bool {
	return results < pipelinedResults && (cr.replyTime < nearReplyTime || cr.unmeasured >= remeasureAfter)
}

// observeReplyTime records a reply time. A shorter one counts at once. A longer one
// counts 1/16, since the machine may be busy.
func (cr *callReader) observeReplyTime(d time.Duration) {
	cr.unmeasured = 0
	if d > cr.replyTime {
		d = cr.replyTime + (d-cr.replyTime)/16
	}
	cr.replyTime = d
}

// popCalls pops up to n calls. On a server without BLMPOP, one command blocks for the
// first call, and a second one pops the others.
func (cr *callReader) popCalls(ctx context.Context, n int, p *piggybacked) ([]string, error) {
	cr.popped.reset(cr.noBLMPop)
	if cr.noBLMPop {
		cr.popCmd.Args = append(cr.popCmd.Args[:0], "blpop", cr.pokeKey, cr.Key, resp.BlockSeconds)
		cr.popCmd.KeyPos = 1
	} else {
		cr.popCmd.Args = append(cr.popCmd.Args[:0], "blmpop", resp.BlockSeconds, "2", cr.pokeKey, cr.Key, "left", "count", strconv.Itoa(n))
		cr.popCmd.KeyPos = 3
	}
	err := cr.popWith(ctx, p, &cr.popCmd)
	if err != nil || !cr.noBLMPop || len(cr.popped.calls) == 0 || n == 1 {
		return cr.popped.calls, err
	}
	cr.restCmd.Args = append(cr.restCmd.Args[:0], "lmpop", "2", cr.pokeKey, cr.Key, "left", "count", strconv.Itoa(n-1))
	if err = cr.Do(ctx, &cr.restCmd); errors.Is(err, send.ErrNotSupported) {
		err = nil // one call at a time
	}
	return cr.popped.calls, err
}

// startRead marks that a read of the incarnation may block. It returns false if no read
// may begin.
func (cr *callReader) startRead(id string) bool {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	if cr.incarnation != id {
		cr.incarnation, cr.pokeKey = id, cr.run.w.keys.Poke(id)
	}
	cr.blocking = !cr.stopped
	return cr.blocking
}

// stop ends a blocked read, and prevents further ones. If the poke fails, the read ends
// by timeout.
func (cr *callReader) stop() {
	cr.mu.Lock()
	cr.stopped = true
	blocking, pokeKey := cr.blocking, cr.pokeKey
	cr.mu.Unlock()
	if blocking {
		ctx, cancel := context.WithTimeout(context.Background(), resp.BlockTime)
		defer cancel()
		_ = cr.Shared.Sender.PushToken(ctx, cr.Shared.Redis, pokeKey, pokeLife) // see the comment of stop
	}
}
