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

// mutexSeveral acquires several mutexes at once, in different orders.
func mutexSeveral(t *testing.T, r *redistest.Redis) {
	ctx := redistest.Within(t, time.Minute)
	var all sync.WaitGroup
	var inside atomic.Int64
	a, b, c := name(t, r, "a"), name(t, r, "b"), name(t, r, "c")
	for i := range 6 {
		rdb := r.NewClient(t)
		ms := []*lock.Mutex{lock.NewMutex(rdb, a), lock.NewMutex(rdb, b), lock.NewMutex(rdb, c)}
		order := [][]*lock.Mutex{{ms[0], ms[1], ms[2]}, {ms[2], ms[1], ms[0]}, {ms[1], ms[1], ms[0]}}[i%3]
		all.Go(func() {
			for range 5 {
				l, err := lock.All(ctx, order...)
				if err != nil {
					t.Errorf("All() = %v", err)
					return
				}
				if n := inside.Add(1); n != 1 { // all have b
					t.Errorf("%d hold it", n)
				}
				inside.Add(-1)
				unlocked(t, l.Unlock(ctx))
			}
		})
	}
	all.Wait()
	m := lock.NewMutex(r.Client, a, lock.TTL(time.Second))
	l, err := lock.All(ctx, m, lock.NewMutex(r.Client, b))
	must(t, err)
	if _, err := m.Break(ctx, lock.Force()); err != nil {
		t.Error(err)
	}
	<-l.Context().Done()
	if err := l.Unlock(ctx); !errors.Is(err, desir.ErrLost) {
		t.Errorf("Unlock() = %v although one was lost", err)
	}
	if _, held, err := lock.NewMutex(r.Client, b).Holder(ctx); held || err != nil {
		t.Errorf("the other one is held: %v", err)
	}
	short := []lock.Option{lock.TTL(time.Second), lock.NoRenew()}
	l, err = lock.All(ctx, lock.NewMutex(r.Client, a, short...), lock.NewMutex(r.Client, b, lock.TTL(30*time.Second)))
	must(t, err)
	if left := l.Left(); left > time.Second {
		t.Errorf("Left() = %v with a lease of 1 s", left)
	}
	must(t, l.Extend(ctx, 40*time.Second))
	for _, at := range []string{a, b} {
		if h, held, err := lock.NewMutex(r.Client, at).Holder(ctx); !held || err != nil || h.Left < 30*time.Second {
			t.Errorf("after Extend: Holder() = %+v, %t, %v", h, held, err)
		}
	}
	unlocked(t, l.Unlock(ctx))
	if _, err := lock.All(ctx); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("All() = %v without a mutex", err)
	}
}

// unlocked checks the result of Unlock. On a busy machine its reply may take longer than
// Unlock waits.
func unlocked(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Unlock() = %v", err)
	}
}

// done checks the result of Do: the error of its function, and at most that of a release
// whose reply takes long.
func done(t *testing.T, err, want error) {
	t.Helper()
	if err != want && !(errors.Is(err, desir.ErrMaybeRan) && (want == nil || errors.Is(err, want))) { //nolint:errorlint // it comes out as it is
		t.Errorf("Do() = %v, want %v", err, want)
	}
}

// mutexErrors makes calls that cannot work.
func mutexErrors(t *testing.T, r *redistest.Redis) {
	at := name(t, r, "m")
	must(t, r.Raw().Set(t.Context(), lock.NewMutex(r.Client, at).Key(), "text", 0).Err())
	for what, c := range map[string]struct {
		m    *lock.Mutex
		want error
	}{
		"another type": {lock.NewMutex(r.Client, at), desir.ErrWrongType},
		"no name":      {lock.NewMutex(r.Client, ""), desir.ErrName},
		"no client":    {lock.NewMutex(nil, "m"), desir.ErrNotSupported},
		"a short TTL":  {lock.NewMutex(r.Client, name(t, r, "n"), lock.TTL(time.Millisecond)), desir.ErrNotSupported},
		"the zero":     {new(lock.Mutex), desir.ErrNotSupported},
	} {
		ctx := redistest.Within(t, 20*time.Second)
		f := func(context.Context) error {
			t.Errorf("%s: the function runs", what)
			return nil
		}
		_, lockErr := c.m.Lock(ctx)
		_, _, tryErr := c.m.TryLock(ctx)
		_, tryDoErr := c.m.TryDo(ctx, f)
		_, _, holderErr := c.m.Holder(ctx)
		_, breakErr := c.m.Break(ctx)
		for op, err := range map[string]error{
			"Lock": lockErr, "TryLock": tryErr, "TryDo": tryDoErr, "Do": c.m.Do(ctx, f), "Holder": holderErr, "Break": breakErr,
		} {
			var opErr *desir.OpError
			if !errors.Is(err, c.want) || !errors.As(err, &opErr) || opErr.Op != "lock.Mutex."+op && what != "the zero" {
				t.Errorf("%s: %s() = %v, want %v", what, op, err, c.want)
			}
		}
	}
}
