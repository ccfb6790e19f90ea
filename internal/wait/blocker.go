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
	name string // suffix of the interrupt keys, unique to this blocker

	quiet   bool          // the last block returned no token
	timeout time.Duration // how long to block
	apart   bool          // one BLPOP cannot wait for all queues: a cluster behind another client type

	mu           sync.Mutex
	blocked      map[place]bool // the queues that the running BLPOP waits for; nil while none runs
	interruptKey string         // the key whose token ends the block
	interrupted  bool           // the token was sent
}

func newBlocker(l *loop) *blocker {
	return &blocker{dedicated: dedicated{loop: l}, name: "poke:" + rand.Text(), quiet: true, timeout: period}
}

// block blocks on the wake tokens of the queues. The takes of the queues follow in the same
// pipeline if the last block was quiet, if the queues are few, or if they were not all looked
// at within a period.
func (b *blocker) block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error) {
	if b.apart {
		return b.sleep(queues), nil
	}
	interruptKey := keys.Part(queues[0].source.owner, b.name)
	wakes := make(map[string][]*waitQueue, len(queues))
	names := []string{interruptKey}
	known := make(map[place]bool, len(queues))
	for _, q := range queues {
		if wakes[q.source.Wake] == nil {
			names = append(names, q.source.Wake)
		}
		wakes[q.source.Wake] = append(wakes[q.source.Wake], q)
		known[q.source.place()] = true
	}
	var asks []ask
	if b.quiet || len(queues) <= rideAlong || time.Since(b.loop.looked) >= period {
		asks = b.loop.ask(ctx, queues)
		b.loop.looked = time.Now()
		if slices.ContainsFunc(asks, func(a ask) bool { return a.last != nil }) {
			b.loop.unask(asks)
			return queues, nil
		}
	}
	b.mu.Lock()
	b.blocked, b.interruptKey, b.interrupted = known, interruptKey, false
	b.mu.Unlock()
	if b.late() { // a receiver came or left before blocked was set
		b.loop.unask(asks)
		return queues, nil
	}
	start := time.Now()
	block := redis.NewStringSliceCmd(ctx, blpop(names, b.timeout)...)
	b.loop.expect(b.timeout)
	err := b.loop.carry(ctx, append([]redis.Cmder{block}, cmders(asks)...)...)
	b.mu.Lock()
	b.blocked = nil
	b.mu.Unlock()
	b.shorten(block.Err(), time.Since(start))
	woken := block.Val()
	b.quiet = len(woken) == 0
	settled := b.loop.settle(ctx, asks, err)
	refused := block.Err()
	if send.IsNil(refused) || redis.HasErrorPrefix(refused, "UNBLOCKED") {
		refused = nil
	}
	switch {
	case refused != nil && send.IsReply(refused):
		return b.failDenied(ctx, queues, b.loop.w.shared.Send.Explain(ctx, refused))
	case settled != nil:
		return nil, settled
	case refused != nil && len(asks) == 0:
		return nil, err
	case len(asks) > 0:
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
	words := make([]any, 0, len(names)+2)
	words = append(words, "blpop")
	for _, n := range names {
		words = append(words, n)
	}
	return append(words, block.Seconds())
}

// failDenied finds the queues for which the server refuses the block, and fails their receivers, so
// that the others can go on. If there is no such queue, it returns err, which concerns all.
func (b *blocker) failDenied(ctx context.Context, queues []*waitQueue, err error) ([]*waitQueue, error) {
	switch {
	case !permanent(err):
		return nil, err
	case errors.Is(err, send.ErrCrossSlot) && b.loop.node == nil:
		b.apart = true
		return queues, nil
	}
	pops := make([]redis.Cmder, len(queues))
	for i, q := range queues {
		pops[i] = redis.NewStringCmd(ctx, "lpop", q.source.Wake)
	}
	_ = b.loop.carry(ctx, pops...) // each command has its own error
	found := false
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	for i, q := range queues {
		bad := b.loop.w.shared.Send.Explain(ctx, pops[i].Err())
		if permanent(bad) && !send.IsNil(bad) {
			q.fail(bad)
			found = true
		}
	}
	if !found {
		return nil, err
	}
	return queues, nil
}

// shorten adapts the block to the read timeout of a client of another type.
func (b *blocker) shorten(err error, took time.Duration) {
	var expired net.Error
	if b.loop.node == nil && errors.As(err, &expired) && expired.Timeout() && took < b.timeout+grace/2 {
		b.timeout = max(b.timeout/4, minPause)
	}
}

// sleep waits for a part of a period, or until the loop is notified.
func (b *blocker) sleep(queues []*waitQueue) []*waitQueue {
	timer := time.NewTimer(period / 5)
	defer timer.Stop()
	select {
	case <-b.loop.kick:
		return nil
	case <-timer.C:
		return queues
	}
}

// late reports whether a receiver came, or wants to leave, and cannot wait for a block to end.
func (b *blocker) late() bool {
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	late := b.loop.w.shutting.Load()
	for _, q := range b.loop.queues {
		late = late || q.urgent() && !q.moving
	}
	if late {
		b.mu.Lock()
		b.blocked = nil
		b.mu.Unlock()
	}
	return late
}

// interrupt ends a block that does not wait for the queue, or any block with anyway. The loop's
// mutex is held.
func (b *blocker) interrupt(q *waitQueue, anyway bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blocked == nil || b.interrupted || !anyway && b.blocked[q.source.place()] {
		return
	}
	b.interrupted = true
	b.loop.expect(0)
	go b.push(b.interruptKey)
}

// push sends the token that ends the block. If that fails, the block ends within its period.
func (b *blocker) push(key string) {
	ctx, cancel := context.WithTimeout(context.Background(), period)
	defer cancel()
	node := redis.Cmdable(b.loop.w.shared.Redis)
	if b.loop.node != nil {
		node = b.loop.node
	}
	err := guard(func() error { return b.loop.w.shared.Send.Poke(ctx, node, key, TokenLife) })
	if errors.Is(err, redis.ErrClosed) {
		if h := b.loop.w.reopen(); h != nil {
			_ = h.Send.Poke(ctx, h.Redis, key, TokenLife) // on failure the block ends by itself
			_ = h.Redis.Close()
		}
	}
}
