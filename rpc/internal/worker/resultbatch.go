package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Batches of entries of an inbox: results, and IDs of running calls.
var (
	resultMerger    = newEntryMerger(wire.ResultField)
	heartbeatMerger = newEntryMerger(wire.HeldField)
)

// newEntryMerger merges the values for one inbox into one entry with one field. XADD does
// not create a stream that is gone.
func newEntryMerger(field string) *batch.Merger {
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
				results = wire.StringView(all)
			}
			return redis.NewStringCmd(ctx, "xadd", calls[0].Key, "nomkstream", "*", field, results)
		},
		Share: func(redis.Cmder, []*batch.Call) {},
	}
}

// resultBatch is a batch of results for one client. Batches are pooled.
type resultBatch struct {
	write        send.AsyncWrite
	cmd          resp.Command
	run          *run
	inboxName    string    // its name in frames; kept with key for the next batch
	key          string    // its key
	bestEffort   bool      // a refusal to an inbox that the worker does not serve
	frames       []byte    // encoded results
	count        int64     // number of results
	failingSince time.Time // when its delivery first failed
	backoff      backoff.Backoff
	onDelivered  func(*batch.Call, error) // b.handleDelivery
}

var resultBatches = sync.Pool{New: func() any { return &resultBatch{} }}

// newResultBatch returns an empty batch for the client of a call. The worker does not end
// before it is delivered.
func newResultBatch(c *incomingCall) *resultBatch {
	b := resultBatches.Get().(*resultBatch)
	if b.onDelivered == nil {
		b.onDelivered = b.handleDelivery
	}
	if name := c.request.Inbox; b.inboxName != name {
		b.key = wire.InboxKey(name)
		b.inboxName = b.key[len(b.key)-len(name):] // does not keep the frame in memory
	}
	b.run, b.frames, b.count, b.failingSince, b.backoff, b.bestEffort = c.run, b.frames[:0], 0, time.Time{}, resp.Pauses.Start(), false
	c.run.inFlight.Add(1)
	return b
}

// add adds a result.
func (b *resultBatch) add(r wire.Result) {
	b.frames = r.Append(b.frames)
	b.count++
}

// reply sends the result of a call asynchronously, together with others for the same
// client.
func (c *incomingCall) reply(state uint64, body []byte) {
	if c.request.Inbox == "" {
		return // a cast
	}
	r := wire.Result{ID: c.request.ID, State: state, Body: wire.StringView(body)}
	if c.sealer != nil {
		r = c.sealResult(r)
	}
	if c.inline != nil && c.inline.piggyback(c, r) {
		return
	}
	b := newResultBatch(c)
	b.add(r)
	b.send(c.inline == nil) // the reading goroutine must not block
}

// sealResult seals a result.
func (c *incomingCall) sealResult(r wire.Result) wire.Result {
	body, err := c.sealer.SealResult(&c.request, r)
	if err != nil { // the client counts an unsealed result as forged
		c.run.w.Log.Error("desir: a result cannot be sealed", "service", c.run.w.Handle.Key, "method", c.request.Method, "error", err)
		body = wire.AppendError(nil, wire.CodeInternal, "the result cannot be sealed", c.run.w.Name)
		r.State = wire.StateFailed
	}
	r.Body = wire.StringView(body)
	return r
}

// sendHint refuses a call whose inbox the worker does not serve, if the inbox has the
// default prefix. If the worker lacks permission, the client gets no result.
func (c *incomingCall) sendHint(err error) {
	if c.request.Inbox == "" || wire.PrefixOf(c.request.Inbox) != "" {
		return
	}
	b := newResultBatch(c)
	b.bestEffort = true
	b.add(wire.Result{ID: c.request.ID, State: wire.StateRefused, Body: wire.StringView(wire.AppendError(nil, wire.CodeInvalidArgument, err.Error(), c.run.w.Name))})
	b.send(false)
}

// send sends the batch asynchronously. here is the field of [send.AsyncWrite].
func (b *resultBatch) send(here bool) {
	b.write.Value, b.write.Inline = string(b.frames), here
	b.run.shared.Sender.SendAsync(context.Background(), &b.write, resultMerger, b.key, b.onDelivered)
}

func sendAll(results []*resultBatch) {
	for _, b := range results {
		b.send(false)
	}
}

// command returns the command that delivers the batch over a connection. Its user must
// call [resultBatch.handleDelivery] then.
func (b *resultBatch) command() *resp.Command {
	b.cmd.Args = append(b.cmd.Args[:0], "xadd", b.key, "nomkstream", "*", wire.ResultField, wire.StringView(b.frames))
	b.cmd.KeyPos = 1
	return &b.cmd
}

// handleDelivery handles the outcome of a delivery. It retries even if the entry may have
// been written: a client ignores results that it does not wait for.
func (b *resultBatch) handleDelivery(_ *batch.Call, err error) {
	r := b.run
	switch {
	case err == nil:
	case errors.Is(err, redis.Nil):
		r.w.Stats.Late.Add(b.count)
	case b.bestEffort:
	// The worker may not write to this inbox; others may be fine. The client gets no
	// result.
	case errors.Is(err, send.ErrDenied):
		r.w.Stats.Undelivered.Add(b.count)
		r.w.warnOfInbox(err)
	// Only this client is affected, and its own reads return the error.
	case errors.Is(err, send.ErrWrongType):
		r.w.Stats.Undelivered.Add(b.count)
		r.w.Log.Warn("desir: results could not be delivered; the key of their inbox holds something else", "service", r.w.Handle.Key, "results", b.count)
	default:
		if b.failingSince.IsZero() {
			b.failingSince = time.Now()
		}
		if time.Since(b.failingSince) < wire.LeaseTime && !send.Permanent(err) {
			time.AfterFunc(b.backoff.Next(), func() { b.send(false) })
			return
		}
		r.w.Stats.Undelivered.Add(b.count)
		r.abandonResults()
		r.w.Log.Error("desir: results could not be delivered", "service", r.w.label(), "results", b.count, "error", err)
	}
	b.run, b.write.Value = nil, ""
	if cap(b.frames) > wire.MaxPooledBuffer {
		b.frames = nil
	}
	resultBatches.Put(b)
	r.inFlight.Done()
}
