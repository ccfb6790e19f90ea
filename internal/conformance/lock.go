package conformance

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// Mutex tests lock.Mutex on a backend.
func Mutex(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Basic", mutexBasic},
		part{"Do", mutexDo},
		part{"DoLost", mutexDoLost},
		part{"Limit", mutexLimit},
		part{"Break", mutexBreak},
		part{"RunsOut", mutexRunsOut},
		part{"Forgotten", mutexForgotten},
		part{"Exclusion", mutexExclusion},
		part{"Canceled", mutexCanceled},
		part{"Several", mutexSeveral},
		part{"Errors", mutexErrors},
	)
}

// whole and part of what is left of a lease of 30 s.
func checkLeft(t *testing.T, left time.Duration) {
	t.Helper()
	if left < 20*time.Second || left > 30*time.Second {
		t.Errorf("%v of 30 s left", left)
	}
}

func mutexBasic(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m, other := lock.NewMutex(r.Client, at, lock.Owner("first owner")), lock.NewMutex(otherProtocolClient(t, r), at)
	if h, held, err := m.Holder(ctx); held || err != nil || h != (lock.Holder{}) {
		t.Errorf("Holder() = %v, %t, %v of a free lock", h, held, err)
	}
	l, err := m.Lock(ctx)
	must(t, err)
	if _, ok, err := other.TryLock(ctx); ok || err != nil {
		t.Errorf("TryLock() = %t, %v of a lock that is held", ok, err)
	}
	h, held, err := other.Holder(ctx)
	if !held || err != nil || h.Owner != "first owner" || h.Token != l.Token() {
		t.Errorf("Holder() = %+v, %t, %v", h, held, err)
	}
	checkLeft(t, h.Left)
	checkLeft(t, l.Left())
	if token, ok := desir.Token(l.Context()); !ok || token != l.Token() || token == 0 {
		t.Errorf("Token() = %d, %t; want %d", token, ok, l.Token())
	}
	var _ desir.Lease = l
	unlocked(t, l.Unlock(ctx))
	unlocked(t, l.Unlock(ctx))
	if cause := context.Cause(l.Context()); !errors.Is(cause, context.Canceled) || l.Left() != 0 {
		t.Errorf("after Unlock: cause %v, %v left", cause, l.Left())
	}
	next, ok, err := other.TryLock(ctx)
	if !ok || err != nil || next.Token() <= l.Token() {
		t.Fatalf("TryLock() = %v, %t, %v after token %d", next, ok, err, l.Token())
	}
	unlocked(t, next.Unlock(ctx))
	for _, key := range r.Keys(t) {
		if strings.Contains(key, at) && !strings.HasSuffix(key, ":meta") {
			t.Errorf("the key %q is left", key)
		}
	}
	if _, ok := desir.Token(ctx); ok {
		t.Error("a context without a lease has a token")
	}
}

// errWork is an error of a user's function.
var errWork = errors.New("work failed")

func mutexDo(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	m := lock.NewMutex(r.Client, name(t, r, "m"))
	type key struct{}
	deadline, cancel := context.WithTimeout(context.WithValue(ctx, key{}, "value"), time.Hour)
	defer cancel()
	err := m.Do(deadline, func(ctx context.Context) error {
		_, hasDeadline := ctx.Deadline()
		token, ok := desir.Token(ctx)
		if ctx.Err() != nil || !hasDeadline || ctx.Value(key{}) != "value" || !ok || token == 0 {
			t.Errorf("the context of Do: %v, %t, %v, %d", ctx.Err(), hasDeadline, ctx.Value(key{}), token)
		}
		if ran, err := m.TryDo(ctx, func(context.Context) error { return nil }); ran || err != nil {
			t.Errorf("TryDo() = %t, %v inside of Do", ran, err)
		}
		return errWork
	})
	done(t, err, errWork)
	func() {
		defer func() {
			if got := recover(); got != "oops" {
				t.Errorf("Do panicked with %v", got)
			}
		}()
		_ = m.Do(ctx, func(context.Context) error { panic("oops") })
	}()
	if ran, err := m.TryDo(ctx, func(context.Context) error { return nil }); !ran || err != nil {
		t.Errorf("TryDo() = %t, %v after a panic", ran, err)
	}

	// The context ends while the function runs, as by a signal. The lock is free afterwards.
	ending, end := context.WithCancel(ctx)
	err = m.Do(ending, func(ctx context.Context) error {
		end()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrLost) {
		t.Errorf("Do() = %v after a cancel", err)
	}
	if _, held, err := m.Holder(ctx); held || err != nil {
		t.Errorf("the lock is held after a canceled Do: %v", err)
	}
}

// mutexDoLost takes the lock away while a function runs.
func mutexDoLost(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	m, other := lock.NewMutex(r.Client, at, lock.TTL(time.Second)), lock.NewMutex(r.NewClient(t), at)
	for _, result := range []error{nil, errWork} {
		err := m.Do(ctx, func(ctx context.Context) error {
			if broken, err := other.Break(ctx, lock.Force()); !broken || err != nil {
				t.Errorf("Break() = %t, %v", broken, err)
			}
			<-ctx.Done()
			if cause := context.Cause(ctx); !errors.Is(cause, desir.ErrLost) {
				t.Errorf("cause %v", cause)
			}
			return result
		})
		if !errors.Is(err, desir.ErrLost) || result != nil && !errors.Is(err, result) {
			t.Errorf("Do() = %v, want ErrLost and %v", err, result)
		}
	}
}

func mutexLimit(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "m")
	held, err := lock.NewMutex(r.Client, at).Lock(ctx)
	must(t, err)
	rdb := r.NewClient(t)
	must(t, rdb.Ping(ctx).Err()) // so that a connection stands
	limited := lock.NewMutex(rdb, at, lock.Wait(300*time.Millisecond))
	l, err := limited.Lock(ctx)
	var op *desir.OpError
	if l != nil || !errors.Is(err, lock.ErrLocked) || !errors.As(err, &op) || op.Op != "lock.Mutex.Lock" {
		t.Errorf("Lock() = %v, %v; want ErrLocked", l, err)
	}
	unlocked(t, held.Unlock(ctx))
	l, err = lock.NewMutex(rdb, at, lock.Wait(time.Minute)).Lock(ctx)
	must(t, err)
	unlocked(t, l.Unlock(ctx))
}

// mutexBreak asks the holder to give the lock up.
func mutexBreak(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "m")
	m, other := lock.NewMutex(r.Client, at, lock.TTL(3*time.Second)), lock.NewMutex(r.NewClient(t), at)
	if broken, err := other.Break(ctx); broken || err != nil {
		t.Errorf("Break() = %t, %v of a free lock", broken, err)
	}
	l, err := m.Lock(ctx)
	must(t, err)
	if broken, err := other.Break(ctx); !broken || err != nil {
		t.Errorf("Break() = %t, %v", broken, err)
	}
	next, err := other.Lock(ctx)
	must(t, err)
	if l.Context().Err() == nil {
		t.Error("two hold the lock")
	}
	if err := l.Unlock(ctx); !errors.Is(err, desir.ErrLost) {
		t.Errorf("Unlock() = %v of a broken lock", err)
	}
	unlocked(t, next.Unlock(ctx))
}

// mutexRunsOut has a lease that is not renewed.
func mutexRunsOut(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "m")
	m := lock.NewMutex(r.Client, at, lock.TTL(time.Second), lock.NoRenew())
	l, err := m.Lock(ctx)
	must(t, err)
	must(t, l.Extend(ctx, 2*time.Second))
	if left := l.Left(); left < time.Second {
		t.Errorf("%v left after Extend", left)
	}
	next, err := lock.NewMutex(r.NewClient(t), at).Lock(ctx)
	must(t, err)
	if cause := context.Cause(l.Context()); !errors.Is(cause, desir.ErrLost) {
		t.Errorf("two hold the lock: %v", cause)
	}
	if err := l.Extend(ctx, time.Minute); !errors.Is(err, desir.ErrLost) {
		t.Errorf("Extend() = %v of a lost lease", err)
	}
	if err := l.Unlock(ctx); !errors.Is(err, desir.ErrLost) {
		t.Errorf("Unlock() = %v of a lost lease", err)
	}
	unlocked(t, next.Unlock(ctx))
}

// mutexForgotten forgets a lease. It is not renewed any more.
func mutexForgotten(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "m")
	m := lock.NewMutex(r.Client, at, lock.TTL(1500*time.Millisecond))
	l, err := m.Lock(ctx)
	must(t, err)
	kept := l.Context()
	l = nil
	_ = l
	runtime.GC()
	other := lock.NewMutex(r.NewClient(t), at)
	limited, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := other.Lock(limited); err == nil {
		t.Error("a lease was forgotten although its context is in use")
	}
	runtime.KeepAlive(kept)
	kept = nil
	collecting := make(chan struct{})
	go func() {
		defer close(collecting)
		redistest.Eventually(t, 20*time.Second, func() bool {
			runtime.GC()
			_, held, err := other.Holder(ctx)
			return err == nil && !held
		}, "a forgotten lease runs out")
	}()
	<-collecting
}

// mutexExclusion has many callers of several clients change a number that is not safe for
// concurrent use.
func mutexExclusion(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "m")
	var all sync.WaitGroup
	var tokens []int64 // the lock guards it
	const clients, callers, rounds = 3, 5, 6
	for range clients {
		m := lock.NewMutex(r.NewClient(t), at)
		for range callers {
			all.Go(func() {
				for range rounds {
					err := m.Do(ctx, func(ctx context.Context) error {
						token, _ := desir.Token(ctx)
						tokens = append(tokens, token)
						return nil
					})
					done(t, err, nil)
				}
			})
		}
	}
	all.Wait()
	if len(tokens) != clients*callers*rounds || !slices.IsSorted(tokens) || len(slices.Compact(tokens)) != clients*callers*rounds {
		t.Errorf("%d tokens, which do not increase", len(tokens))
	}
}

// mutexCanceled cancels callers that wait.
func mutexCanceled(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	at := name(t, r, "m")
	m := lock.NewMutex(r.Client, at)
	held, err := m.Lock(ctx)
	must(t, err)
	other := lock.NewMutex(r.NewClient(t), at)
	var all sync.WaitGroup
	for i := range 10 {
		waits := []*lock.Mutex{m, other}[i%2]
		all.Go(func() {
			short, cancel := context.WithTimeout(ctx, time.Duration(i)*10*time.Millisecond)
			defer cancel()
			if l, err := waits.Lock(short); l != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Lock() = %v, %v; want DeadlineExceeded", l, err)
			}
		})
	}
	all.Wait()
	unlocked(t, held.Unlock(ctx))
	l, err := other.Lock(ctx)
	must(t, err)
	unlocked(t, l.Unlock(ctx))
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if l, err := m.Lock(canceled); l != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Lock() = %v, %v with a canceled context", l, err)
	}
}
