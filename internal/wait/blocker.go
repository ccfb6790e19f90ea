package wait

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// grace is the minimum time that the connection may be silent beyond the block before the
// loop replaces it.
const grace = 2 * time.Second

// blocker waits with BLPOP on wake tokens, on a dedicated connection.
type blocker struct {
	dedicated
	suffix string // suffix of the interrupt keys, unique to this blocker

	quiet   bool          // the last block returned no token
	timeout time.Duration // how long to block
	polls   bool          // one BLPOP cannot wait for all queues: a cluster behind another client type

	mu           sync.Mutex
	blocked      map[sourceID]bool // the queues that the running BLPOP waits for; nil while none runs
	interruptKey string            // the key whose token ends the block
	interrupted  bool              // the token was sent
}

func newBlocker(l *loop) *blocker {
	return &blocker{dedicated: dedicated{loop: l}, suffix: "poke:" + rand.Text(), quiet: true, timeout: l.period}
}

// block blocks on the wake tokens of the queues. The takes of the queues follow in the same
// pipeline if the last block was quiet, if the queues are few, or if they were not all checked
// within a period.
func (b *blocker) block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error) {
	if b.polls {
		if b.loop.await(period / 5) {
			return nil, nil
		}
		return queues, nil
	}
	interruptKey := keys.Part(queues[0].source.owner, b.suffix)
	wakes := make(map[string][]*waitQueue, len(queues))
	names := []string{interruptKey}
	known := make(map[sourceID]bool, len(queues))
	for _, q := range queues {
		if wakes[q.source.Wake] == nil {
			names = append(names, q.source.Wake)
		}
		wakes[q.source.Wake] = append(wakes[q.source.Wake], q)
		known[q.source.id()] = true
	}
	var takes []takeCall
	if b.quiet || len(queues) <= alwaysTake || time.Since(b.loop.allChecked) >= b.loop.period {
		var ok bool
		if takes, ok = b.loop.takesAfterBlock(ctx, queues); !ok {
			return queues, nil
		}
		b.loop.allChecked = time.Now()
		if slices.ContainsFunc(takes, func(t takeCall) bool { return t.expired != nil }) {
			b.loop.discard(takes)
			return queues, nil
		}
	}
	b.mu.Lock()
	b.blocked, b.interruptKey, b.interrupted = known, interruptKey, false
	b.mu.Unlock()
	if b.mustReturn() { // a receiver came or left before blocked was set
		b.loop.discard(takes)
		return queues, nil
	}
	start := time.Now()
	block := redis.NewStringSliceCmd(ctx, blpop(names, b.timeout)...)
	b.loop.expectReply(b.timeout)
	err := b.loop.exec(ctx, append([]redis.Cmder{block}, cmders(takes)...)...)
	b.mu.Lock()
	b.blocked = nil
	b.mu.Unlock()
	b.adaptTimeout(block.Err(), time.Since(start))
	woken := block.Val()
	b.quiet = len(woken) == 0
	takeErr := b.loop.finishTakes(ctx, takes, err)
	blockErr := block.Err()
	if send.IsNil(blockErr) || redis.HasErrorPrefix(blockErr, "UNBLOCKED") {
		blockErr = nil
	}
	switch {
	case blockErr != nil && send.IsReply(blockErr):
		return b.failDenied(ctx, queues, b.loop.waiter.shared.Sender.Classify(ctx, blockErr))
	case takeErr != nil:
		return nil, takeErr
	case blockErr != nil && len(takes) == 0:
		return nil, err
	case len(takes) > 0:
		return nil, nil
	case len(woken) == 0:
		return queues, nil
	case wakes[woken[0]] != nil:
		return wakes[woken[0]], nil
	default:
		return nil, nil // interrupted; the new queue is marked dirty already
	}
}

func blpop(names []string, block time.Duration) []any {
	args := make([]any, 0, len(names)+2)
	args = append(args, "blpop")
	for _, n := range names {
		args = append(args, n)
	}
	return append(args, block.Seconds())
}

// failDenied finds the queues for which the server refuses the block, and fails their
// receivers, so that the others can go on. If there is no such queue, it returns err, which
// concerns all.
func (b *blocker) failDenied(ctx context.Context, queues []*waitQueue, err error) ([]*waitQueue, error) {
	switch {
	case !refused(err):
		return nil, err
	case errors.Is(err, send.ErrCrossSlot) && b.loop.node == nil:
		b.polls = true
		return queues, nil
	}
	pops := make([]redis.Cmder, len(queues))
	for i, q := range queues {
		pops[i] = redis.NewStringCmd(ctx, "lpop", q.source.Wake)
	}
	_ = b.loop.exec(ctx, pops...) // each command has its own error
	found := false
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	for i, q := range queues {
		denied := b.loop.waiter.shared.Sender.Classify(ctx, pops[i].Err())
		if refused(denied) && !send.IsNil(denied) {
			q.fail(denied)
			found = true
		}
	}
	if !found {
		return nil, err
	}
	return queues, nil
}

// adaptTimeout adapts the block to the read timeout of a client of another type.
func (b *blocker) adaptTimeout(err error, took time.Duration) {
	var expired net.Error
	if b.loop.node == nil && errors.As(err, &expired) && expired.Timeout() && took < b.timeout+grace/2 {
		b.timeout = max(b.timeout/4, pauses.First)
	}
}

// mustReturn reports whether a receiver came, or wants to leave, and cannot wait for a block
// to end.
func (b *blocker) mustReturn() bool {
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	now := b.loop.urgent()
	if now {
		b.mu.Lock()
		b.blocked = nil
		b.mu.Unlock()
	}
	return now
}

// interrupt ends a block that does not wait for the queue, or any block with force. The loop's
// mutex is held.
func (b *blocker) interrupt(q *waitQueue, force bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blocked == nil || b.interrupted || !force && b.blocked[q.source.id()] {
		return
	}
	b.interrupted = true
	b.loop.expectReply(0)
	go b.pushInterrupt(b.interruptKey)
}

// pushInterrupt sends the token that ends the block. If that fails, the block ends within its
// period.
func (b *blocker) pushInterrupt(key string) {
	ctx, cancel := context.WithTimeout(context.Background(), period)
	defer cancel()
	node := redis.Cmdable(b.loop.waiter.shared.Redis)
	if b.loop.node != nil {
		node = b.loop.node
	}
	err := guard(func() error { return b.loop.waiter.shared.Sender.PushToken(ctx, node, key, TokenTTL) })
	if errors.Is(err, redis.ErrClosed) {
		if shared := b.loop.waiter.reopen(); shared != nil {
			_ = shared.Sender.PushToken(ctx, shared.Redis, key, TokenTTL) // on failure the block ends by itself
			_ = shared.Redis.Close()
		}
	}
}
