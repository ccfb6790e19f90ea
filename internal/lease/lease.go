package lease

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// ErrLost is the cause of the context's end if a lease was lost, and the error of a release
// that finds that another may have it.
var ErrLost = errors.New("the lease is lost: another may have it now")

// Lease is a claim that this process holds. While it is reachable, it is renewed.
type Lease struct {
	*held
	abandoned runtime.Cleanup // calls Keeper.abandon
}

// held is the part of a lease that the keeper holds.
type held struct {
	keeper *Keeper
	req    Request
	record string // in Redis, see scripts/record.lua
	copies int64  // until when copies of the request may arrive
	token  int64
	ctx    context.Context // see Context
	cancel context.CancelCauseFunc

	lossAt   atomic.Int64 // when the lease counts as lost, by monotonic
	released atomic.Bool

	// The keeper's mutex guards the following.
	end      time.Time // of the lease, by the local clock
	renewAt  time.Time // zero if it is not renewed
	renewing bool      // a renewal is in flight
	failing  bool      // the last renewal failed
	index    int       // in the keeper's heap; -1 if it is not there, since it was lost or released
}

// start is the zero of monotonic.
var start = time.Now()

// monotonic converts a time to a number that can be compared atomically.
func monotonic(t time.Time) int64 { return int64(t.Sub(start)) }

// newLease returns the lease of a request that was sent at the time sent, by its record. Its
// context has the values of ctx. Copies of the request may arrive until the time copies.
func (k *Keeper) newLease(ctx context.Context, r Request, record string, sent time.Time, copies int64) (*Lease, error) {
	parsed, earlier, err := parseRecord(record)
	if err != nil {
		return nil, err
	}
	h := &held{keeper: k, req: r, record: record, copies: max(copies, earlier), token: parsed.Token, index: -1}
	if ctx.Done() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	l := &Lease{held: h}
	h.setEnd(sent.Add(r.TTL))
	if r.Renew {
		h.renewAt = sent.Add(r.TTL / 3)
	}
	l.abandoned = runtime.AddCleanup(l, k.abandon, h)
	k.add(h)
	return l, nil
}

// setEnd records the local end of the lease.
func (h *held) setEnd(end time.Time) {
	h.end = end
	h.lossAt.Store(monotonic(h.loss()))
}

// Token returns the fencing token. Tokens of a lock increase.
func (l *Lease) Token() int64 { return l.token }

// Claim returns the client and the key of the lock, and the member of the key that is the
// lease.
func (l *Lease) Claim() (shared *clients.Shared, key, record string) {
	return l.keeper.shared, l.req.Keys.Leases, l.record
}

// Left returns how long the lease lasts without another renewal, by the local clock, and 0
// if it was lost or released.
func (l *Lease) Left() time.Duration {
	if l.Context().Err() != nil {
		return 0
	}
	l.keeper.mu.Lock()
	defer l.keeper.mu.Unlock()
	return max(time.Until(l.end), 0)
}

// Context returns a context that ends when the lease is released or lost. The cause is
// [ErrLost] then. It ends margin before the lease does, and its method Err compares the
// clock.
func (l *Lease) Context() context.Context { return holding{l.ctx, l} }

// holding is the context of a lease. It keeps the lease reachable.
type holding struct {
	context.Context
	lease *Lease
}

// leaseKey is the key of the lease among the values of its context.
type leaseKey struct{}

func (c holding) Err() error {
	c.lease.checkClock()
	return c.Context.Err()
}

// Value checks the clock too, since context.Cause calls it.
func (c holding) Value(key any) any {
	if key == (leaseKey{}) {
		return c.lease
	}
	c.lease.checkClock()
	return c.Context.Value(key)
}

// From returns the lease whose context ctx is or descends from, or nil.
func From(ctx context.Context) *Lease {
	l, _ := ctx.Value(leaseKey{}).(*Lease)
	return l
}

// checkClock ends the context if the lease is over, although the keeper has not noticed it
// yet, for example because the process was paused.
func (h *held) checkClock() {
	if monotonic(time.Now()) >= h.lossAt.Load() {
		h.cancel(ErrLost)
	}
}

// sendRelease sends the release, or passes the lease on to a caller of this process.
func (h *held) sendRelease(ctx context.Context, lost bool) (found bool, err error) {
	if lost {
		h.keeper.lines.gone(h.req)
	} else if c, passes := h.keeper.lines.next(h.req); c != nil {
		return h.keeper.passOn(ctx, h, c, passes)
	}
	idle := ""
	if h.keeper.shared.Slotted() && h.keeper.lines.empty(h.req.Keys.Leases) {
		idle = h.keeper.ids.prefix
	}
	return h.keeper.sendRelease(ctx, h.req.Keys, h.record, h.copies, idle)
}

// lost reports whether the context has ended because the lease was lost.
func (h *held) lost() bool {
	h.checkClock()
	return errors.Is(context.Cause(h.ctx), ErrLost)
}

// EndWith makes the lease count as lost when another one does.
func (l *Lease) EndWith(other *Lease) {
	mine, others := l.held, other.held // and not the leases, which must be able to become unreachable
	context.AfterFunc(others.ctx, func() {
		if others.lost() {
			mine.cancel(ErrLost)
		}
	})
}

// Release gives the lease up, and wakes a waiter. The context ends first. It ignores the end
// of ctx and waits for the reply for up to a second. Then it goes on in the background until
// the lease has ended. A second Release returns nil.
func (l *Lease) Release(ctx context.Context) error {
	if !l.released.CompareAndSwap(false, true) {
		return nil
	}
	lost := l.lost()
	l.abandoned.Stop()
	l.cancel(context.Canceled)
	l.keeper.releases.Add(1)
	l.keeper.remove(l.held)
	result := make(chan error, 1)
	go func() {
		defer l.keeper.releases.Add(-1)
		result <- l.release(context.WithoutCancel(ctx), lost)
	}()
	timer := time.NewTimer(releaseWait)
	defer timer.Stop()
	select {
	case err := <-result:
		return err
	case <-timer.C:
		if lost {
			return ErrLost
		}
		return send.WithClass(send.ErrMaybeRan, errReleaseLate)
	}
}

// releaseWait is how long Release waits.
const releaseWait = time.Second

var errReleaseLate = errors.New("there is no reply to the release of the lease, which goes on in the background; it ends by itself at the latest")

// release sends the release until there is a reply, or until the lease has ended.
func (h *held) release(ctx context.Context, lost bool) error {
	h.keeper.mu.Lock()
	end := h.end
	h.keeper.mu.Unlock()
	pause := pauses.Start()
	for {
		found, err := h.sendRelease(ctx, lost)
		over := lost || !time.Now().Before(end)
		switch {
		case err == nil && lost:
			return ErrLost
		case err == nil && found:
			return nil
		case err == nil && (over || pause.Fresh()): // nobody has released it but another
			return ErrLost
		case err == nil: // an earlier copy has released it
			return nil
		case lost && (over || send.Permanent(err)): // it ends by itself
			return ErrLost
		case send.Permanent(err), over:
			return err
		}
		pause.Wait(ctx)
	}
}
