package lock

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
)

// Leader elects one of the processes that use its name, for work that exactly one should do. The
// key {name}:leader and its helper keys hold the state. Create a Leader with [NewLeader]. It is
// safe for concurrent use.
type Leader struct{ o object }

// NewLeader returns the election called name. It sends nothing and cannot fail. If the name or an
// option is invalid, every call returns the error. [NoRenew] is of no use here.
func NewLeader(rdb redis.UniversalClient, name string, opts ...Option) *Leader {
	return &Leader{newObject(rdb, "lock.Leader", name, "leader", false, opts)}
}

// Key returns the Redis key of the leases.
func (c *Leader) Key() string { return c.o.key() }

// Run waits until this process is elected, and then runs f. The context of f ends when ctx ends,
// or when the process is no longer the leader, in which case the cause is [desir.ErrLost]. If f
// returns after such a loss, Run waits to be elected again, and runs f again: never before f has
// returned. Otherwise the result of f ends Run, and the process resigns.
//
// If ctx ends while the process waits, Run returns an error that wraps its error. While Redis is
// not available or has no memory left, Run tries again each second; [log/slog.Default] logs the
// first of several failures. An election that fails for good, for example with
// [desir.ErrDenied], ends Run with the error.
func (c *Leader) Run(ctx context.Context, f func(ctx context.Context) error) error {
	failing := false
	for {
		l, err := c.o.acquire(ctx, c.o.request(1, 1))
		switch {
		case err == nil:
			failing = false
		case ctx.Err() == nil && canRecover(err):
			if !failing {
				slog.Default().Warn("desir: an election is not possible now", "error", c.o.fail("Run", err))
			}
			failing = true
			if !backoff.Sleep(ctx, time.Second) {
				return c.o.fail("Run", context.Cause(ctx))
			}
			continue
		default:
			return c.o.fail("Run", err)
		}
		lost, err := c.lead(ctx, l, f)
		if !lost || ctx.Err() != nil {
			return err
		}
	}
}

// canRecover reports whether an election may succeed later.
func canRecover(err error) bool {
	return errors.Is(err, desir.ErrOutOfMemory) || errors.Is(err, desir.ErrUnavailable) && !errors.Is(err, desir.ErrClosed)
}

// lead runs f for the leader, and reports whether it was ended because the leader was lost.
func (c *Leader) lead(ctx context.Context, l *Lease, f func(context.Context) error) (lost bool, err error) {
	err = l.do(ctx, f)
	return errors.Is(context.Cause(l.Context()), desir.ErrLost), err
}

// Current returns who is the leader. It runs one script that only reads.
func (c *Leader) Current(ctx context.Context) (h Holder, elected bool, err error) {
	return c.o.holder(ctx, "Current")
}

// Break asks the leader to resign, and reports whether there is one, as [Mutex.Break] does. The
// context of its function ends with cause [desir.ErrLost]. When the function has returned, Run
// takes part in the election again, so the same process may be elected again.
func (c *Leader) Break(ctx context.Context, opts ...BreakOption) (broken bool, err error) {
	return c.o.breakAll(ctx, opts)
}
