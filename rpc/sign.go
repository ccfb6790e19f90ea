package rpc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

// A call gives signs of life: it was stored, a worker names it as running (see beat.go),
// or it waits in the list. A call without a sign for [silence] is lost. The cause does
// not matter: an unread reply to a take, a lost reply to a withdrawal, or a failover to a
// server that never had the call. The call ends with [desir.ErrMaybeRan].
const silence = 2 * lease

var (
	errNoSign   = errors.New("no worker reports the call, and it is not in the list")
	errNotKnown = errors.New("it is unknown whether the call was stored")
)

// signs is what is known of a pending call. The inbox's lock guards it.
type signs struct {
	last   time.Time // last sign; zero: the watch has not seen the call yet
	absent bool      // it was not in the list, and will not be there again
}

// held records that a worker runs these calls.
func (b *inbox) held(ids []uint64) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if p := b.pending[id]; p != nil {
			p.signs.last = now
		}
	}
}

// suspect is a call that has given no sign for a lease.
type suspect struct {
	id    uint64
	call  *call
	frame string
	nth   uint64 // sequence number within its inbox
	last  time.Time
}

// suspects returns the calls of a Client without a sign for a lease. ask are those to
// look up in the list, in the order in which they were made. lost are those that are
// lost. unknown are those of which it is unknown whether they were stored. now is the
// server's clock.
func (b *inbox) suspects(c *Client, moment time.Time, now int64) (ask, lost, unknown []suspect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.pending {
		if p.client != c {
			continue
		}
		out := p.out.Load()
		if p.signs.last.IsZero() {
			p.signs.last = moment
			if out != 0 { // it was stored after the previous look, even if the clock differs
				p.signs.last = moment.Add(-min(max(0, time.Duration(now-out)*time.Millisecond), checkGap))
			}
		}
		s := suspect{id: id, call: p, nth: p.nth, last: p.signs.last}
		switch age := moment.Sub(s.last); {
		case age < lease:
		case out == 0 && age >= silence:
			unknown = append(unknown, s)
		case out == 0:
		case !p.signs.absent:
			s.frame = p.post.Value
			ask = append(ask, s)
		case age >= silence:
			lost = append(lost, s)
		}
	}
	slices.SortFunc(ask, func(a, b suspect) int { return cmp.Compare(a.nth, b.nth) })
	return ask, lost, unknown
}

// look ends the lost calls of the Client, and looks up those that may be lost in the
// list. It starts with the oldest ones and stops at the first that waits, since the
// others are behind it.
func (c *Client) look(ctx context.Context, b *inbox, now int64) {
	moment := time.Now()
	ask, lost, unknown := b.suspects(c, moment, now)
	for _, s := range lost {
		b.fail(s.id, s.call, send.WithClass(desir.ErrMaybeRan, errNoSign))
	}
	for _, s := range unknown {
		b.giveUp(s)
	}
	for len(ask) > 0 {
		some := ask[:together(ask)]
		absent, err := c.absent(ctx, b, some)
		if err != nil {
			b.unseen(ask, moment, err)
			return
		}
		b.note(some[:absent], func(p *call) { p.signs.absent = true })
		if absent < len(some) {
			b.note(ask[absent:], func(p *call) { p.signs.last = moment })
			return
		}
		ask = ask[absent:]
	}
}

const maxAsked = 256 << 10 // bytes of frames per script run

// together returns how many of the suspects one script run looks up.
func together(ask []suspect) int {
	size := 0
	for i, s := range ask[:min(len(ask), maxWithdraw)] {
		if size += len(s.frame); size > maxAsked {
			return max(1, i)
		}
	}
	return min(len(ask), maxWithdraw)
}

// absent returns how many of the calls, counted from the first one, are not in the list.
func (c *Client) absent(ctx context.Context, b *inbox, some []suspect) (int, error) {
	frames := make([]any, len(some))
	for i, s := range some {
		frames[i] = s.frame
	}
	answer, err := waitingScript.Run(ctx, b.shared, []string{c.service.calls}, frames...)
	if err != nil {
		return 0, err
	}
	n, ok := answer.(int64)
	if !ok || n < 0 || n > int64(len(some)) {
		return 0, errAnswer
	}
	return int(n), nil
}

// note changes what is known of calls that are still pending.
func (b *inbox) note(some []suspect, change func(*call)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range some {
		if b.pending[s.id] == s.call {
			change(s.call)
		}
	}
}

// unseen ends calls that could not be looked up: after two leases if the error is
// permanent, else after three.
func (b *inbox) unseen(ask []suspect, moment time.Time, err error) {
	patience := silence + lease
	if permanent(err) {
		patience = silence
	}
	for _, s := range ask {
		if moment.Sub(s.last) >= patience {
			b.fail(s.id, s.call, send.WithClass(desir.ErrMaybeRan, away(err)))
		}
	}
}

// giveUp ends a call whose store had no reply.
func (b *inbox) giveUp(s suspect) {
	if !b.remove(s.id, s.call) {
		return
	}
	if s.call.post.Cancel() {
		s.call.settled.Store(true)
		s.call.end(send.WithClass(desir.ErrUnavailable, errNotKnown))
		return
	}
	s.call.end(send.WithClass(desir.ErrMaybeRan, errNotKnown))
}
