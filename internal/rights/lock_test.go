package rights_test

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// holdLocks acquires locks, waits for them, and releases them while others wait.
func (e *env) holdLocks() {
	m, admin := lock.NewMutex(e.rdb, e.name), lock.NewMutex(e.admin, e.name)
	e.useLease(m.Lock(e.ctx()))
	e.waitForLock(m.Lock, admin.Lock)
	e.releaseToWaiter(m.Lock, admin.Lock)

	e.freeLocks()
	held, err := admin.Lock(e.ctx())
	requireNoErr(e, err)
	_, _, err = m.Holder(e.ctx())
	e.record(err)
	e.record(first(m.Break(e.ctx())))
	e.record(first(m.Break(e.ctx(), lock.Force())))
	_ = held.Unlock(e.ctx()) // it is lost

	rw, adminRW := lock.NewRWMutex(e.rdb, e.name), lock.NewRWMutex(e.admin, e.name)
	e.waitForLock(rw.Lock, adminRW.RLock)
	e.releaseToWaiter(rw.RLock, adminRW.Lock)
}

// useLease extends and releases a lease.
func (e *env) useLease(l *lock.Lease, err error) {
	e.record(err)
	if err != nil {
		return
	}
	e.record(l.Extend(e.ctx(), time.Minute))
	e.record(l.Unlock(e.ctx()))
}

// freeLocks frees locks whose release was refused.
func (e *env) freeLocks() {
	for _, key := range []string{lock.NewMutex(e.admin, e.name).Key(), lock.NewRWMutex(e.admin, e.name).Key()} {
		requireNoErr(e, e.admin.Del(e.ctx(), key).Err())
	}
}

// waitForLock waits for a lock that another holds.
func (e *env) waitForLock(acquire, other func(context.Context) (*lock.Lease, error)) {
	e.freeLocks()
	held, err := other(e.ctx())
	requireNoErr(e, err)
	e.whileWaiting(func(ctx context.Context) error {
		l, err := acquire(ctx)
		if err == nil {
			err = l.Unlock(ctx)
		}
		return err
	}, e.isWaiting, func() { requireNoErr(e, held.Unlock(e.ctx())) })
}

// releaseToWaiter releases a lock for which another waits.
func (e *env) releaseToWaiter(acquire, other func(context.Context) (*lock.Lease, error)) {
	e.freeLocks()
	l, err := acquire(e.ctx())
	e.record(err)
	if err != nil {
		return
	}
	got := make(chan error, 1)
	ctx, cancel := context.WithCancel(e.ctx())
	defer cancel()
	go func() {
		next, err := other(ctx)
		if err == nil {
			err = next.Unlock(context.WithoutCancel(ctx))
		}
		got <- err
	}()
	redistest.Eventually(e.t, 20*time.Second, func() bool {
		n, err := e.admin.Keys(e.ctx(), "*:waiting").Result()
		return err == nil && len(n) > 0
	}, "another waits")
	e.record(l.Unlock(e.ctx()))
	cancel()
	<-got
}
