package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bsm/redislock"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"

	"github.com/desir-go/desir/lock"
)

// locker locks by name, and returns the function that unlocks.
type locker func(ctx context.Context, name string) (unlock func() error, err error)

// The names of the columns of the peers of the locks.
const (
	redsyncName     = "redsync"
	redislockName   = "bsm/redislock"
	rueidislockName = "rueidislock"
)

// lockTTL is how long all competitors hold a lock without renewal.
const lockTTL = 8 * time.Second

// lockDeadline bounds each wait for a lock: rueidislock may wait forever.
const lockDeadline = 2 * time.Second

func desirLocker(rdb redis.UniversalClient) locker {
	return func(ctx context.Context, name string) (func() error, error) {
		l, err := lock.NewMutex(rdb, name, lock.TTL(lockTTL)).Lock(ctx)
		if err != nil {
			return nil, err
		}
		return func() error { return l.Unlock(ctx) }, nil
	}
}

func redsyncLocker(rdb redis.UniversalClient) locker {
	rs := redsync.New(goredis.NewPool(rdb))
	return func(ctx context.Context, name string) (func() error, error) {
		m := rs.NewMutex(name, redsync.WithExpiry(lockTTL), redsync.WithTries(1<<20))
		if err := m.LockContext(ctx); err != nil {
			return nil, err
		}
		return func() error {
			_, err := m.UnlockContext(ctx)
			return err
		}, nil
	}
}

func redislockLocker(rdb redis.UniversalClient) locker {
	c := redislock.New(rdb)
	return func(ctx context.Context, name string) (func() error, error) {
		l, err := c.Obtain(ctx, name, lockTTL, &redislock.Options{RetryStrategy: redislock.LinearBackoff(10 * time.Millisecond)})
		if err != nil {
			return nil, err
		}
		return func() error { return l.Release(ctx) }, nil
	}
}

func (w *env) rueidislockLocker() (locker, error) {
	l, err := rueidislock.NewLocker(rueidislock.LockerOption{
		ClientOption: rueidis.ClientOption{InitAddress: []string{w.addr}}, KeyMajority: 1, NoLoopTracking: true, KeyValidity: lockTTL,
	})
	if err != nil {
		return nil, err
	}
	w.stops = append(w.stops, l.Close)
	return func(ctx context.Context, name string) (func() error, error) {
		for { // on a busy machine it was seen to make no progress without a deadline
			short, end := context.WithTimeout(ctx, time.Second)
			_, cancel, err := l.WithContext(short, name)
			if err == nil {
				return func() error { cancel(); end(); return nil }, nil
			}
			end()
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return nil, err
			}
		}
	}, nil
}

// each returns an operation in which every goroutine locks and unlocks a lock of its own.
func (l locker) each(prefix string) op {
	return func(ctx context.Context, g, _ int) error {
		unlock, err := l(ctx, prefix+strconv.Itoa(g))
		if err != nil {
			return err
		}
		return unlock()
	}
}

// hold is how long a waiter holds the contended lock, and how long it rests afterwards.
const hold = 2 * time.Millisecond

// contend returns a runner in which waiters pass one lock on. Each of the lockers, which
// stand for processes, has the same number of waiters. The latency is from the beginning of
// a release to the return of the next waiter's call, if that one was waiting.
func contend(lockers []locker, waiters int, name string) runner {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		end := time.Now().Add(4 * d)
		var released atomic.Int64 // when the last release began, UnixNano
		var failed atomic.Pointer[error]
		var mu sync.Mutex
		var took []time.Duration
		turns := make([]int, len(lockers)*waiters)
		var group sync.WaitGroup
		for i := range turns {
			l := lockers[i%len(lockers)]
			group.Go(func() {
				for time.Now().Before(end) && failed.Load() == nil {
					limited, cancel := context.WithTimeout(ctx, lockDeadline)
					began := time.Now()
					unlock, err := l(limited, name)
					if err != nil {
						cancel()
						if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, redislock.ErrNotObtained) {
							failed.Store(&err)
						}
						continue
					}
					now := time.Now()
					if at := released.Load(); at > began.UnixNano() {
						mu.Lock()
						took = append(took, time.Duration(now.UnixNano()-at))
						mu.Unlock()
					}
					turns[i]++
					time.Sleep(hold)
					released.Store(time.Now().UnixNano())
					if err := unlock(); err != nil {
						failed.Store(&err)
					}
					cancel()
					time.Sleep(time.Duration(len(turns)) * hold)
				}
			})
		}
		group.Wait()
		if err := failed.Load(); err != nil {
			return sample{}, *err
		}
		sum, least, most := 0, turns[0], turns[0]
		for _, n := range turns {
			sum, least, most = sum+n, min(least, n), max(most, n)
		}
		s := sample{rate: float64(sum) / (4 * d).Seconds(), note: fmt.Sprintf("turns %d to %d", least, most)}
		s.p50, s.p99 = quantiles(took)
		return s, nil
	}
}

func p50Micros(s sample) float64 { return float64(s.p50.Microseconds()) }

// locks returns the contests of Mutex.
func (w *env) locks() ([]contest, error) {
	rueidisLock, err := w.rueidislockLocker()
	if err != nil {
		return nil, err
	}
	rdb := w.client()
	ours, redsyncs, redislocks := desirLocker(rdb), redsyncLocker(w.client()), redislockLocker(w.client())
	var all []contest
	for _, callers := range []int{1, 16, 256} {
		must := map[int][3]float64{1: {0.9, 0, 0}, 16: {0, 0, 1.1}, 256: {2.5, 0, 1.1}}[callers]
		goal := func(i int) string {
			if must[i] > 0 {
				return "L1"
			}
			return ""
		}
		all = append(all, contest{work: "Mutex.Lock, Unlock", callers: callers, desir: ours.each("d").loop(callers), peers: []peer{
			{redsyncName, goal(0), must[0], redsyncs.each("rs").loop(callers)},
			{redislockName, goal(1), must[1], redislocks.each("bsm").loop(callers)},
			{rueidislockName, goal(2), must[2], rueidisLock.each("ru").loop(callers)},
		}})
	}
	for _, c := range []struct {
		work               string
		lockers, waiters   int
		redsync, rueidislk float64
	}{
		{"Mutex, one lock, 8 clients of 1 waiter", 8, 1, 0.1, 0.75},
		{"Mutex, one lock, 8 clients of 8 waiters", 8, 8, 0.3, 0},
		{"Mutex, one lock, 1 client of 64 waiters", 1, 64, 0.3, 0.9},
	} {
		var mine, theirs, others []locker
		for range c.lockers {
			mine = append(mine, desirLocker(w.client()))
			theirs = append(theirs, redsyncLocker(w.client()))
			other, err := w.rueidislockLocker()
			if err != nil {
				return nil, err
			}
			others = append(others, other)
		}
		goal := ""
		if c.rueidislk > 0 {
			goal = "L2"
		}
		all = append(all, contest{
			work: c.work, callers: c.lockers * c.waiters, value: p50Micros, unit: "µs p50", desir: contend(mine, c.waiters, "contended:d"), peers: []peer{
				{redsyncName, "L2", c.redsync, contend(theirs, c.waiters, "contended:rs")},
				{rueidislockName, goal, c.rueidislk, contend(others, c.waiters, "contended:ru")},
			},
		})
	}
	return all, nil
}
