package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
)

// object is what all locks have in common.
type object struct {
	h    *clients.Handle
	s    settings
	keys lease.Keys
}

// newObject returns a lock. If fair is set, requests of different weights are served in
// order.
func newObject(rdb redis.UniversalClient, typ, name, kind string, fair bool, opts []Option, errs ...error) object {
	s, err := newSettings(opts)
	names := lease.KeysOf(name, kind, fair)
	errs = append(errs, err, keys.CheckTag(name))
	return object{clients.NewHandle(rdb, typ, names.Leases, errors.Join(errs...)), s, names}
}

func (o object) key() string {
	if o.h == nil {
		return ""
	}
	return o.h.Key
}

func (o object) fail(op string, err error) error { return o.h.Fail(op, err) }

func (o object) request(weight, capacity int64) lease.Request {
	return lease.Request{
		Keys: o.keys, Weight: weight, Capacity: capacity, TTL: o.s.ttl, Owner: o.s.owner, Renew: !o.s.noRenew,
		PassOn: capacity == 1,
	}
}

func (o object) keeper() (*lease.Keeper, error) {
	shared, err := o.h.Shared()
	if err != nil {
		return nil, err
	}
	return lease.Of(shared), nil
}

// try acquires a lease, or returns nil if it is not free.
func (o object) try(ctx context.Context, r lease.Request) (*Lease, error) {
	k, err := o.keeper()
	if err != nil {
		return nil, err
	}
	l, err := k.Try(ctx, r)
	if l == nil || err != nil {
		return nil, err
	}
	return newLease(o.h, l), nil
}

// acquire acquires a lease and waits for it, within the limit of the option Wait.
func (o object) acquire(ctx context.Context, r lease.Request) (*Lease, error) {
	k, err := o.keeper()
	if err != nil {
		return nil, err
	}
	waiting := ctx
	if o.s.wait > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, o.s.wait)
		defer cancel()
	}
	l, err := k.Acquire(waiting, r)
	if err != nil {
		switch {
		case o.s.wait == 0 || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, send.ErrUnavailable): // the server did not reply in time
			return nil, fmt.Errorf("%w: %w", ErrLocked, err)
		default:
			return nil, ErrLocked
		}
		return nil, err
	}
	return newLease(o.h, l), nil
}

// do acquires a lease, runs f while it is held, and releases it.
func (o object) do(ctx context.Context, op string, r lease.Request, f func(context.Context) error) error {
	l, err := o.acquire(ctx, r)
	if err != nil {
		return o.fail(op, err)
	}
	return l.do(ctx, f)
}

// Holder is one that holds a lock.
type Holder struct {
	Owner   string        // see the option Owner
	Token   int64         // of its lease
	Left    time.Duration // until its lease ends, if it is not renewed
	Permits int           // that it holds, of a [Semaphore]
	Writer  bool          // it holds a [RWMutex] for writing
}

func publicHolder(h lease.Holder) Holder { return Holder{Owner: h.Owner, Token: h.Token, Left: h.Left} }

func (o object) holders(ctx context.Context) ([]lease.Holder, error) {
	k, err := o.keeper()
	if err != nil {
		return nil, err
	}
	return k.Holders(ctx, o.keys)
}

// holder returns the only holder.
func (o object) holder(ctx context.Context, op string) (Holder, bool, error) {
	all, err := o.holders(ctx)
	if err != nil || len(all) == 0 {
		return Holder{}, false, o.fail(op, err)
	}
	return publicHolder(all[0]), true, nil
}

// allHolders returns all holders, those whose lease ends first before others. fill completes
// each with what its weight means.
func (o object) allHolders(ctx context.Context, fill func(h *Holder, weight int64)) ([]Holder, error) {
	all, err := o.holders(ctx)
	if err != nil {
		return nil, o.fail("Holders", err)
	}
	hs := make([]Holder, len(all))
	for i, h := range all {
		hs[i] = publicHolder(h)
		fill(&hs[i], h.Weight)
	}
	return hs, nil
}

// BreakOption configures Break.
type BreakOption interface{ apply(force *bool) }

type breakOption struct{}

func (breakOption) apply(force *bool) { *force = true }

// Force makes Break take the lock away at once. The holder learns it at its next renewal, so
// until then two may hold the lock.
func Force() BreakOption { return breakOption{} }

func (o object) breakAll(ctx context.Context, opts []BreakOption) (bool, error) {
	force := false
	for _, opt := range opts {
		if opt != nil {
			opt.apply(&force)
		}
	}
	k, err := o.keeper()
	if err != nil {
		return false, o.fail("Break", err)
	}
	n, err := k.Break(ctx, o.keys, force)
	return n > 0, o.fail("Break", err)
}
