package conformance

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// Leader tests lock.Leader on a backend.
func Leader(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"One", leaderOne},
		part{"Lost", leaderLost},
		part{"Ends", leaderEnds},
		part{"Break", leaderBreak},
	)
}

// leaderOne has several candidates, of which each leads in turn.
func leaderOne(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "l")
	var leaders, terms atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		c := lock.NewLeader(r.NewClient(t), at)
		all.Go(func() {
			err := c.Run(ctx, func(ctx context.Context) error {
				if n := leaders.Add(1); n != 1 {
					t.Errorf("%d leaders", n)
				}
				if h, ok, err := c.Current(ctx); !ok || err != nil || h.Owner == "" {
					t.Errorf("Current() = %+v, %t, %v", h, ok, err)
				}
				terms.Add(1)
				leaders.Add(-1)
				return errWork
			})
			done(t, err, errWork)
		})
	}
	all.Wait()
	if terms.Load() != 4 {
		t.Errorf("%d terms", terms.Load())
	}
	if h, ok, err := lock.NewLeader(r.Client, at).Current(ctx); ok || err != nil {
		t.Errorf("Current() = %+v, %t, %v without a leader", h, ok, err)
	}
}

// leaderLost takes the lease from a leader, which is elected again after its function has
// returned.
func leaderLost(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "l")
	c := lock.NewLeader(r.Client, at, lock.TTL(time.Second))
	term, running := 0, atomic.Int64{}
	err := c.Run(ctx, func(ctx context.Context) error {
		if n := running.Add(1); n != 1 {
			t.Errorf("%d functions run", n)
		}
		defer running.Add(-1)
		if term++; term == 3 {
			return nil
		}
		must(t, r.Raw().Del(context.WithoutCancel(ctx), c.Key()).Err())
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, desir.ErrLost) {
			t.Errorf("cause %v", cause)
		}
		return ctx.Err()
	})
	done(t, err, nil)
	if term != 3 {
		t.Errorf("%d terms", term)
	}
}

// leaderEnds ends the context of a leader and of a candidate.
func leaderEnds(t *testing.T, r *redistest.Redis) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at := name(t, r, "l")
	leads := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		err := lock.NewLeader(r.Client, at).Run(ctx, func(ctx context.Context) error {
			close(leads)
			<-ctx.Done()
			return nil
		})
		done(t, err, nil)
	})
	<-leads
	candidate, end := context.WithTimeout(ctx, 50*time.Millisecond)
	defer end()
	if err := lock.NewLeader(r.NewClient(t), at).Run(candidate, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run() = %v of a candidate", err)
	}
	cancel()
	all.Wait()
	if _, ok, err := lock.NewLeader(r.NewClient(t), at).Current(context.WithoutCancel(ctx)); ok || err != nil {
		t.Errorf("a leader is left: %v", err)
	}
}

// breaker is a lock that can be broken.
type breaker interface {
	Break(ctx context.Context, opts ...lock.BreakOption) (bool, error)
}

// checkBreak breaks a lock that is free, then a lock that others hold: it asks them, or takes it
// away. All their contexts end with ErrLost, and the lock is free.
func checkBreak(
	ctx context.Context, t *testing.T, b breaker,
	holders func() []*lock.Lease, holdAll func(context.Context) (*lock.Lease, error),
) {
	t.Helper()
	for _, opts := range [][]lock.BreakOption{nil, {lock.Force()}} {
		if broken, err := b.Break(ctx, opts...); broken || err != nil {
			t.Errorf("Break() = %t, %v of a free lock", broken, err)
		}
		held := holders()
		if broken, err := b.Break(ctx, opts...); !broken || err != nil {
			t.Errorf("Break() = %t, %v", broken, err)
		}
		next, err := holdAll(ctx)
		must(t, err)
		for i, l := range held {
			if opts == nil && l.Context().Err() == nil {
				t.Errorf("holder %d still has it", i)
			}
			<-l.Context().Done()
			if cause := context.Cause(l.Context()); !errors.Is(cause, desir.ErrLost) {
				t.Errorf("cause %v", cause)
			}
		}
		must(t, next.Unlock(ctx))
	}
}

// semaphoreBreak breaks the leases of two clients. Another then gets all permits.
func semaphoreBreak(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "s")
	a, b := lock.NewSemaphore(r.Client, at, 3, lock.TTL(3*time.Second)), lock.NewSemaphore(r.NewClient(t), at, 3, lock.TTL(3*time.Second))
	checkBreak(ctx, t, lock.NewSemaphore(r.NewClient(t), at, 1), func() []*lock.Lease {
		one, err := a.Acquire(ctx, 1)
		must(t, err)
		two, err := b.Acquire(ctx, 2)
		must(t, err)
		return []*lock.Lease{one, two}
	}, func(ctx context.Context) (*lock.Lease, error) {
		return lock.NewSemaphore(r.NewClient(t), at, 3).Acquire(ctx, 3)
	})
}

// rwBreak breaks the leases of readers, then that of a writer.
func rwBreak(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "rw")
	a, b := lock.NewRWMutex(r.Client, at, lock.TTL(3*time.Second)), lock.NewRWMutex(r.NewClient(t), at, lock.TTL(3*time.Second))
	other := lock.NewRWMutex(r.NewClient(t), at)
	checkBreak(ctx, t, other, func() []*lock.Lease {
		first, err := a.RLock(ctx)
		must(t, err)
		second, err := b.RLock(ctx)
		must(t, err)
		return []*lock.Lease{first, second}
	}, other.Lock)
	checkBreak(ctx, t, other, func() []*lock.Lease {
		w, err := a.Lock(ctx)
		must(t, err)
		return []*lock.Lease{w}
	}, other.RLock)
}

// leaderBreak breaks a leader, which is elected again after its function has returned.
func leaderBreak(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "l")
	c, other := lock.NewLeader(r.Client, at, lock.TTL(3*time.Second)), lock.NewLeader(r.NewClient(t), at)
	if broken, err := other.Break(ctx); broken || err != nil {
		t.Errorf("Break() = %t, %v without a leader", broken, err)
	}
	term := 0
	err := c.Run(ctx, func(ctx context.Context) error {
		var opts []lock.BreakOption
		switch term++; term {
		case 2:
			opts = append(opts, lock.Force())
		case 3:
			return nil
		}
		if broken, err := other.Break(ctx, opts...); !broken || err != nil {
			t.Errorf("Break() = %t, %v", broken, err)
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, desir.ErrLost) {
			t.Errorf("cause %v", cause)
		}
		return ctx.Err()
	})
	if err != nil || term != 3 {
		t.Errorf("Run() = %v after %d terms", err, term)
	}
}
