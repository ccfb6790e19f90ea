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
	if len(hs) != 2 || hs[0].Owner != "o" && hs[1].Owner != "o" || hs[0].Permits+hs[1].Permits != 3 || hs[0].Writer {
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
