package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// flow brings n values through a queue and tells how long it took until the last
// one was received.
type flow func(ctx context.Context, n int) (time.Duration, error)

// run measures a flow in values per second, of about as many as take so long.
func (f flow) run(ctx context.Context, d time.Duration) (sample, error) {
	for n := 1000; ; n *= 4 {
		took, err := f(ctx, n)
		if err != nil {
			return sample{}, err
		}
		if took > d/4 {
			return sample{rate: float64(n) / took.Seconds()}, nil
		}
	}
}

const (
	senders   = 8
	receivers = 8
	many      = 100
)

// channels are the contests of values that travel.
func (w *world) channels() ([]contest, error) {
	rdb, pool := w.client(), w.client()
	r, err := w.rueidis(w.addr)
	if err != nil {
		return nil, err
	}
	poll := flow(func(ctx context.Context, n int) (time.Duration, error) {
		return stream(n, func(int) error { return pool.LPush(ctx, "queue", text).Err() }, func(got func(int) bool) error {
			for {
				v, err := pool.BRPop(ctx, time.Second, "queue").Result()
				if err != nil && !errors.Is(err, redis.Nil) {
					return err
				}
				if got(len(v)/2) || len(v) == 0 {
					return nil
				}
			}
		})
	})
	kept := flow(func(ctx context.Context, n int) (time.Duration, error) {
		var ids atomic.Int64
		return stream(n, func(int) error {
			return pool.LPush(ctx, "kept", strconv.FormatInt(ids.Add(1), 10)).Err()
		}, func(got func(int) bool) error {
			for {
				v, err := pool.BLMove(ctx, "kept", "work", "right", "left", time.Second).Result()
				if errors.Is(err, redis.Nil) {
					return nil
				}
				if err == nil {
					err = pool.LRem(ctx, "work", 1, v).Err()
				}
				if err != nil {
					return err
				}
				if got(1) {
					return nil
				}
			}
		})
	})
	rue := flow(func(ctx context.Context, n int) (time.Duration, error) {
		return stream(n, func(int) error {
			return r.Do(ctx, r.B().Lpush().Key("queue").Element(text).Build()).Error()
		}, func(got func(int) bool) error {
			for {
				v, _ := r.Do(ctx, r.B().Brpop().Key("queue").Timeout(1).Build()).AsStrSlice() // nil when nothing comes
				if got(len(v)/2) || len(v) == 0 {
					return nil
				}
			}
		})
	})
	const (
		pollName = "LPUSH, BRPOP"
		keptName = "LPUSH, BLMOVE, LREM"
	)
	of := func(work string, desir flow, peers ...peer) contest {
		return contest{work: work, callers: senders + receivers, spread: true, desir: desir.run, peers: peers}
	}
	return []contest{
		of("Chan.SendMany(100), Recv", chanFlow(rdb, many, 1), peer{pollName, "G14", 10, poll.run}),
		of("Chan.SendMany(100), RecvMany(100)", chanFlow(rdb, many, many), peer{pollName, "G14", 10, poll.run}),
		of("Chan.Send, Recv", chanFlow(rdb, 1, 1), peer{pollName, "chan", 2, poll.run},
			peer{keptName, "", 0, kept.run}, peer{"rueidis " + pollName, "", 0, rue.run}),
	}, nil
}

// chanFlow sends and receives so many values in each call.
func chanFlow(rdb *redis.Client, sends, takes int) flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		c := channel.NewChan[string](rdb, "chan")
		if err := c.Clear(ctx); err != nil {
			return 0, err
		}
		values := make([]string, sends)
		for i := range values {
			values[i] = text
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		return stream(n/sends/senders*sends*senders, func(left int) error {
			if left%sends != 0 {
				return nil // the call before has sent it
			}
			_, err := c.SendMany(ctx, values...)
			return err
		}, func(got func(int) bool) error {
			for {
				vs, err := c.RecvMany(ctx, takes)
				if errors.Is(err, context.Canceled) {
					return nil
				}
				if err != nil {
					return err
				}
				if got(len(vs)) {
					stop()
					return nil
				}
			}
		})
	}
}

// stream lets senders send n values, each as many, and receivers receive until
// got has told them that these were all, or nothing comes any more.
func stream(n int, send func(left int) error, receive func(got func(int) bool) error) (time.Duration, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	note := func(err error) {
		if err != nil {
			mu.Lock()
			errs = append(errs, err)
			mu.Unlock()
		}
	}
	var count atomic.Int64
	all := int64(n / senders * senders)
	start, took := time.Now(), atomic.Int64{}
	for range senders {
		group.Go(func() {
			for left := n / senders; left > 0; left-- {
				if err := send(left); err != nil {
					note(err)
					return
				}
			}
		})
	}
	for range receivers {
		group.Go(func() {
			note(receive(func(k int) bool {
				if count.Add(int64(k)) < all {
					return false
				}
				took.CompareAndSwap(0, int64(time.Since(start)))
				return true
			}))
		})
	}
	group.Wait()
	if got := count.Load(); got != all {
		errs = append(errs, fmt.Errorf("%d of %d values were received", got, all))
	}
	return time.Duration(took.Load()), errors.Join(errs...)
}
