package caller

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// A call gives signs of life: it was stored, a worker's heartbeat names it, or it waits
// in the list. A call without a sign for [maxSilence] is lost. The cause does not matter:
// an unread reply to a pop, a lost reply to a withdrawal, or a failover to a server that
// never had the call. The call ends with [send.ErrMaybeRan].
const maxSilence = 2 * wire.LeaseTime

var (
	errNoLifeSign   = errors.New("no worker reports the call, and it is not in the list")
	errStoreUnknown = errors.New("it is unknown whether the call was stored")
)

// liveness is what is known of a pending call. The inbox's lock guards it.
type liveness struct {
	lastSign time.Time // last sign of life; zero: the call was not checked yet
	absent   bool      // it was not in the list, and will not be there again
}

// recordHeartbeat records that a worker runs these calls.
func (ib *inbox) recordHeartbeat(ids []uint64) {
	now := time.Now()
	ib.mu.Lock()
	defer ib.mu.Unlock()
	for _, id := range ids {
		if p := ib.pending[id]; p != nil {
			p.liveness.lastSign = now
		}
	}
}

// suspect is a call without a sign of life for a lease.
type suspect struct {
	id       uint64
	call     *pendingCall
	frame    string
	seq      uint64 // sequence number within its inbox
	lastSign time.Time
}

// suspects returns the calls of a Client without a sign for a lease. check are those to
// look up in the list, in the order in which they were made. lost are those that are
// lost. unknown are those of which it is unknown whether they were stored. now is the
// server's clock.
func (ib *inbox) suspects(c *Client, now time.Time, serverNow int64) (check, lost, unknown []suspect) {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	for id, p := range ib.pending {
		if p.client != c {
			continue
		}
		storedAt := p.storedAt.Load()
		if p.liveness.lastSign.IsZero() {
			p.liveness.lastSign = now
			if storedAt != 0 { // it was stored after the previous check, even if the clock differs
				p.liveness.lastSign = now.Add(-min(max(0, time.Duration(serverNow-storedAt)*time.Millisecond), checkInterval))
			}
		}
		s := suspect{id: id, call: p, seq: p.seq, lastSign: p.liveness.lastSign}
		switch age := now.Sub(s.lastSign); {
		case age < wire.LeaseTime:
		case storedAt == 0 && age >= maxSilence:
			unknown = append(unknown, s)
		case storedAt == 0:
		case !p.liveness.absent:
			s.frame = p.write.Value
			check = append(check, s)
		case age >= maxSilence:
			lost = append(lost, s)
		}
	}
	slices.SortFunc(check, func(a, b suspect) int { return cmp.Compare(a.seq, b.seq) })
	return check, lost, unknown
}

// checkLiveness ends the lost calls of the Client, and looks up those that may be lost in
// the list. It starts with the oldest ones and stops at the first that waits, since the
// others are behind it.
func (c *Client) checkLiveness(ctx context.Context, ib *inbox, serverNow int64) {
	now := time.Now()
	check, lost, unknown := ib.suspects(c, now, serverNow)
	for _, s := range lost {
		ib.fail(s.id, s.call, send.WithClass(send.ErrMaybeRan, errNoLifeSign))
	}
	for _, s := range unknown {
		ib.failUnstored(s)
	}
	for len(check) > 0 {
		chunk := check[:chunkSize(check)]
		absent, err := c.countAbsent(ctx, ib, chunk)
		if err != nil {
			ib.failUnchecked(check, now, err)
			return
		}
		ib.update(chunk[:absent], func(p *pendingCall) { p.liveness.absent = true })
		if absent < len(chunk) {
			ib.update(check[absent:], func(p *pendingCall) { p.liveness.lastSign = now })
			return
		}
		check = check[absent:]
	}
}

const maxLookUpBytes = 256 << 10 // bytes of frames per script run

// chunkSize returns how many of the suspects one script run looks up.
func chunkSize(check []suspect) int {
	size := 0
	for i, s := range check[:min(len(check), maxPerScript)] {
		if size += len(s.frame); size > maxLookUpBytes {
			return max(1, i)
		}
	}
	return min(len(check), maxPerScript)
}

// countAbsent returns how many of the calls, counted from the first one, are not in the
// list.
func (c *Client) countAbsent(ctx context.Context, ib *inbox, chunk []suspect) (int, error) {
	frames := make([]any, len(chunk))
	for i, s := range chunk {
		frames[i] = s.frame
	}
	reply, err := lua.Waiting.Run(ctx, ib.shared, []string{c.keys.Calls}, frames...)
	if err != nil {
		return 0, err
	}
	n, ok := reply.(int64)
	if !ok || n < 0 || n > int64(len(chunk)) {
		return 0, send.ErrBadReply
	}
	return int(n), nil
}

// update changes what is known of calls that are still pending.
func (ib *inbox) update(suspects []suspect, change func(*pendingCall)) {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	for _, s := range suspects {
		if ib.pending[s.id] == s.call {
			change(s.call)
		}
	}
}

// failUnchecked ends calls that could not be looked up: after two leases if the error is
// permanent, else after three.
func (ib *inbox) failUnchecked(unchecked []suspect, now time.Time, err error) {
	limit := maxSilence + wire.LeaseTime
	if send.Permanent(err) {
		limit = maxSilence
	}
	for _, s := range unchecked {
		if now.Sub(s.lastSign) >= limit {
			ib.fail(s.id, s.call, send.WithClass(send.ErrMaybeRan, stateUnknown(err)))
		}
	}
}

// failUnstored ends a call whose store had no reply.
func (ib *inbox) failUnstored(s suspect) {
	if !ib.remove(s.id, s.call) {
		return
	}
	if s.call.write.Cancel() {
		s.call.storeDone.Store(true)
		s.call.end(send.WithClass(send.ErrUnavailable, errStoreUnknown))
		return
	}
	s.call.end(send.WithClass(send.ErrMaybeRan, errStoreUnknown))
}
