package conformance

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

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
	if hs, err := m.Holders(ctx); len(hs) != 2 || err != nil || hs[0].Writer || hs[0].Permits != 0 {
		t.Errorf("Holders() = %v, %v", hs, err)
	}
	unlocked(t, first.Unlock(ctx))
	unlocked(t, second.Unlock(ctx))
	must(t, other.Do(ctx, func(ctx context.Context) error {
		if hs, err := m.Holders(ctx); len(hs) != 1 || err != nil || !hs[0].Writer {
			t.Errorf("Holders() = %v, %v beside a writer", hs, err)
		}
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
