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

// Semaphore tests lock.Semaphore on a backend.
func Semaphore(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Basic", semaphoreBasic},
		part{"Bound", semaphoreBound},
		part{"Large", semaphoreLarge},
		part{"Break", semaphoreBreak},
		part{"Errors", semaphoreErrors},
	)
}

func semaphoreBasic(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "s")
	s, other := lock.NewSemaphore(r.Client, at, 3, lock.Owner("o")), lock.NewSemaphore(otherProtocolClient(t, r), at, 3)
	two, err := s.Acquire(ctx, 2)
	must(t, err)
	if _, ok, err := other.TryAcquire(ctx, 2); ok || err != nil {
		t.Errorf("TryAcquire(2) = %t, %v while 1 is free", ok, err)
	}
	one, ok, err := other.TryAcquire(ctx, 1)
	if !ok || err != nil {
		t.Fatalf("TryAcquire(1) = %t, %v while 1 is free", ok, err)
	}
	hs, err := s.Holders(ctx)
	must(t, err)
	if len(hs) != 2 || hs[0].Owner != "o" && hs[1].Owner != "o" {
		t.Errorf("Holders() = %+v", hs)
	}
	unlocked(t, two.Unlock(ctx))
	done(t, other.Do(ctx, 2, func(context.Context) error { return nil }), nil)
	unlocked(t, one.Unlock(ctx))
	done(t, s.Do(ctx, 3, func(context.Context) error { return nil }), nil)
	if hs, err := s.Holders(ctx); len(hs) != 0 || err != nil {
		t.Errorf("Holders() = %v, %v at the end", hs, err)
	}
}

// semaphoreBound has callers of several clients hold permits.
func semaphoreBound(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "s")
	var all sync.WaitGroup
	var inUse, most atomic.Int64
	const permits = 4
	for range 3 {
		s := lock.NewSemaphore(r.NewClient(t), at, permits)
		for i := range 6 {
			n := i%permits + 1
			all.Go(func() {
				for range 5 {
					err := s.Do(ctx, n, func(context.Context) error {
						now := inUse.Add(int64(n))
						if now > permits {
							t.Errorf("%d permits are in use", now)
						}
						for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
						}
						inUse.Add(-int64(n))
						return nil
					})
					done(t, err, nil)
				}
			})
		}
	}
	all.Wait()
	if most.Load() < 2 {
		t.Errorf("at most %d permits were in use", most.Load())
	}
}

// semaphoreLarge asks for all permits, while others keep taking one each.
func semaphoreLarge(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "s")
	small, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for range 2 {
		s := lock.NewSemaphore(r.NewClient(t), at, 2)
		for range 4 {
			all.Go(func() {
				for small.Err() == nil {
					_ = s.Do(small, 1, func(ctx context.Context) error { return sleepShort(ctx) })
				}
			})
		}
	}
	for range 3 {
		l, err := lock.NewSemaphore(r.Client, at, 2).Acquire(ctx, 2)
		must(t, err)
		unlocked(t, l.Unlock(ctx))
	}
	cancel()
	all.Wait()
}

// sleepShort holds a lock for a moment: the work of a holder.
func sleepShort(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	<-short.Done()
	return nil
}

func semaphoreErrors(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, 20*time.Second)
	s := lock.NewSemaphore(r.Client, name(t, r, "s"), 2)
	for _, n := range []int{-1, 0, 3} {
		if _, err := s.Acquire(ctx, n); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("Acquire(%d) = %v", n, err)
		}
		if _, _, err := s.TryAcquire(ctx, n); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("TryAcquire(%d) = %v", n, err)
		}
	}
	for _, permits := range []int{-1, 0, 1 << 40} {
		if _, err := lock.NewSemaphore(r.Client, name(t, r, "s"), permits).Acquire(ctx, 1); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("Acquire() = %v of %d permits", err, permits)
		}
	}
}

// RWMutex tests lock.RWMutex on a backend.
func RWMutex(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Basic", rwBasic},
		part{"Exclusion", rwExclusion},
		part{"Writer", rwWriter},
		part{"Readers", rwReaders},
		part{"Break", rwBreak},
	)
}

func rwBasic(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "rw")
	m, other := lock.NewRWMutex(r.Client, at), lock.NewRWMutex(otherProtocolClient(t, r), at)
	first, err := m.RLock(ctx)
	must(t, err)
	second, ok, err := other.TryRLock(ctx)
	if !ok || err != nil {
		t.Fatalf("TryRLock() = %t, %v beside a reader", ok, err)
	}
	if _, ok, err := other.TryLock(ctx); ok || err != nil {
		t.Errorf("TryLock() = %t, %v beside readers", ok, err)
	}
	must(t, m.RDo(ctx, func(context.Context) error { return nil }))
	if hs, err := m.Holders(ctx); len(hs) != 2 || err != nil {
		t.Errorf("Holders() = %v, %v", hs, err)
	}
	unlocked(t, first.Unlock(ctx))
	unlocked(t, second.Unlock(ctx))
	must(t, other.Do(ctx, func(ctx context.Context) error {
		if _, ok, err := m.TryRLock(ctx); ok || err != nil {
			t.Errorf("TryRLock() = %t, %v beside a writer", ok, err)
		}
		if _, ok, err := m.TryLock(ctx); ok || err != nil {
			t.Errorf("TryLock() = %t, %v beside a writer", ok, err)
		}
		return nil
	}))
	w, ok, err := m.TryLock(ctx)
	if !ok || err != nil || w.Token() <= second.Token() {
		t.Fatalf("TryLock() = %t, %v of a free lock", ok, err)
	}
	unlocked(t, w.Unlock(ctx))
}

// rwExclusion has readers and writers of several clients.
func rwExclusion(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "rw")
	var all sync.WaitGroup
	var readers, writers atomic.Int64
	for range 3 {
		m := lock.NewRWMutex(r.NewClient(t), at)
		for i := range 6 {
			all.Go(func() {
				for range 5 {
					var err error
					if i%3 == 0 {
						err = m.Do(ctx, func(context.Context) error {
							if w, r := writers.Add(1), readers.Load(); w != 1 || r != 0 {
								t.Errorf("%d writers and %d readers", w, r)
							}
							writers.Add(-1)
							return nil
						})
					} else {
						err = m.RDo(ctx, func(context.Context) error {
							readers.Add(1)
							if w := writers.Load(); w != 0 {
								t.Errorf("%d writers beside a reader", w)
							}
							readers.Add(-1)
							return nil
						})
					}
					done(t, err, nil)
				}
			})
		}
	}
	all.Wait()
}

// rwWriter has a writer wait, while readers of other clients keep the lock.
func rwWriter(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "rw")
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for range 2 {
		m := lock.NewRWMutex(r.NewClient(t), at)
		for range 4 {
			all.Go(func() {
				for reading.Err() == nil {
					_ = m.RDo(reading, sleepShort)
				}
			})
		}
	}
	m := lock.NewRWMutex(r.Client, at)
	for range 3 {
		done(t, m.Do(ctx, func(context.Context) error { return nil }), nil)
	}
	cancel()
	all.Wait()
}

// rwReaders has a reader wait behind a writer, and then another writer of a third client. The
// reader is next.
func rwReaders(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "rw")
	w, err := lock.NewRWMutex(r.Client, at).Lock(ctx)
	must(t, err)
	order := make(chan string, 2)
	var all sync.WaitGroup
	wait := func(what string, acquire func(ctx context.Context) (*lock.Lease, error)) {
		all.Go(func() {
			l, err := acquire(ctx)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			order <- what
			unlocked(t, l.Unlock(ctx))
		})
	}
	waiting := func(n int64) {
		redistest.Eventually(t, 20*time.Second, func() bool {
			got, err := r.Raw().ZCard(ctx, lock.NewRWMutex(r.Client, at).Key()+":waiting").Result()
			return err == nil && got == n
		}, "it waits")
	}
	wait("reader", lock.NewRWMutex(r.NewClient(t), at).RLock)
	waiting(1)
	wait("writer", lock.NewRWMutex(r.NewClient(t), at).Lock)
	waiting(2)
	if _, ok, err := lock.NewRWMutex(r.NewClient(t), at).TryRLock(ctx); ok || err != nil {
		t.Errorf("TryRLock() = %t, %v beside a writer", ok, err)
	}
	unlocked(t, w.Unlock(ctx))
	all.Wait()
	if first := <-order; first != "reader" {
		t.Errorf("the %s was first", first)
	}
}

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
