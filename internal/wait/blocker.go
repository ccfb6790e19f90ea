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
	name string // suffix of the poke keys, unique to this blocker

	quiet bool          // the last block returned no token
	block time.Duration // how long to block
	apart bool          // one BLPOP cannot wait for all lines: a cluster behind another client type

	mu      sync.Mutex
	resting map[place]bool // the lines that the running BLPOP waits for; nil while none runs
	poke    string         // the key whose token ends the block
	poked   bool           // the token was sent
}

func newBlocker(l *loop) *blocker {
	return &blocker{dedicated: dedicated{loop: l}, name: "poke:" + rand.Text(), quiet: true, block: period}
}

// rest blocks on the wake tokens of the lines. The takes of the lines follow in the same
// pipeline if the last block was quiet, if the lines are few, or if they were not all looked
// at within a period.
func (b *blocker) rest(ctx context.Context, lines []*line) ([]*line, error) {
	if b.apart {
		return b.doze(lines), nil
	}
	poke := keys.Part(lines[0].source.owner, b.name)
	wakes := make(map[string][]*line, len(lines))
	names := []string{poke}
	known := make(map[place]bool, len(lines))
	for _, ln := range lines {
		if wakes[ln.source.Wake] == nil {
			names = append(names, ln.source.Wake)
		}
		wakes[ln.source.Wake] = append(wakes[ln.source.Wake], ln)
		known[ln.source.place()] = true
	}
	var asks []ask
	if b.quiet || len(lines) <= rideAlong || time.Since(b.loop.looked) >= period {
		asks = b.loop.ask(ctx, lines)
		b.loop.looked = time.Now()
		if slices.ContainsFunc(asks, func(a ask) bool { return a.last != nil }) {
			b.loop.unask(asks)
			return lines, nil
		}
	}
	b.mu.Lock()
	b.resting, b.poke, b.poked = known, poke, false
	b.mu.Unlock()
	if b.late() { // a receiver came or left before resting was set
		b.loop.unask(asks)
		return lines, nil
	}
	start := time.Now()
	block := redis.NewStringSliceCmd(ctx, blpop(names, b.block)...)
	b.loop.expect(b.block)
	err := b.loop.carry(ctx, append([]redis.Cmder{block}, cmders(asks)...)...)
	b.mu.Lock()
	b.resting = nil
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
		return b.blame(ctx, lines, b.loop.w.hub.Send.Explain(ctx, refused))
	case settled != nil:
		return nil, settled
	case refused != nil && len(asks) == 0:
		return nil, err
	case len(asks) > 0:
		return nil, nil
	case len(woken) == 0:
		return lines, nil
	case wakes[woken[0]] != nil:
		return wakes[woken[0]], nil
	default:
		return nil, nil // poked; the new line is marked fresh already
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

// blame finds the lines for which the server refuses the block, and fails their receivers, so
// that the others can go on. If there is no such line, it returns err, which concerns all.
func (b *blocker) blame(ctx context.Context, lines []*line, err error) ([]*line, error) {
	switch {
	case !lasting(err):
		return nil, err
	case errors.Is(err, send.ErrCrossSlot) && b.loop.node == nil:
		b.apart = true
		return lines, nil
	}
	pops := make([]redis.Cmder, len(lines))
	for i, ln := range lines {
		pops[i] = redis.NewStringCmd(ctx, "lpop", ln.source.Wake)
	}
	_ = b.loop.carry(ctx, pops...) // each command has its own error
	found := false
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	for i, ln := range lines {
		bad := b.loop.w.hub.Send.Explain(ctx, pops[i].Err())
		if lasting(bad) && !send.IsNil(bad) {
			ln.fail(bad)
			found = true
		}
	}
	if !found {
		return nil, err
	}
	return lines, nil
}

// shorten adapts the block to the read timeout of a client of another type.
func (b *blocker) shorten(err error, took time.Duration) {
	var timeout net.Error
	if b.loop.node == nil && errors.As(err, &timeout) && timeout.Timeout() && took < b.block+grace/2 {
		b.block = max(b.block/4, minPause)
	}
}

// doze waits for a part of a period, or until the loop is kicked.
func (b *blocker) doze(lines []*line) []*line {
	timer := time.NewTimer(period / 5)
	defer timer.Stop()
	select {
	case <-b.loop.kick:
		return nil
	case <-timer.C:
		return lines
	}
}

// late reports whether a receiver came, or wants to leave, and cannot wait for a block to end.
func (b *blocker) late() bool {
	b.loop.mu.Lock()
	defer b.loop.mu.Unlock()
	late := b.loop.w.shutting.Load()
	for _, ln := range b.loop.lines {
		late = late || ln.urgent() && !ln.away
	}
	if late {
		b.mu.Lock()
		b.resting = nil
		b.mu.Unlock()
	}
	return late
}

// stir ends a block that does not wait for the line, or any block with anyway. The loop's
// mutex is held.
func (b *blocker) stir(ln *line, anyway bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.resting == nil || b.poked || !anyway && b.resting[ln.source.place()] {
		return
	}
	b.poked = true
	b.loop.expect(0)
	go b.push(b.poke)
}

// push sends the token that ends the block. If that fails, the block ends within its period.
func (b *blocker) push(key string) {
	ctx, cancel := context.WithTimeout(context.Background(), period)
	defer cancel()
	node := redis.Cmdable(b.loop.w.hub.Client)
	if b.loop.node != nil {
		node = b.loop.node
	}
	err := guard(func() error { return b.loop.w.hub.Send.Poke(ctx, node, key, TokenLife) })
	if errors.Is(err, redis.ErrClosed) {
		if h := b.loop.w.reopen(); h != nil {
			_ = h.Send.Poke(ctx, h.Client, key, TokenLife) // on failure the block ends by itself
			_ = h.Client.Close()
		}
	}
}
