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

// through measures a flow in values per second, of about as many as take so long.
func (f flow) through(ctx context.Context, d time.Duration) (float64, error) {
	for n := 1000; ; n *= 4 {
		took, err := f(ctx, n)
		if err != nil {
			return 0, err
		}
		if took > d/4 {
			return float64(n) / took.Seconds(), nil
		}
	}
}

const (
	senders   = 8
	receivers = 8
	many      = 100
)

// channels are the goals of values that travel.
func (w *world) channels() []goal {
	poll := flow(func(ctx context.Context, n int) (time.Duration, error) {
		return w.stream(n, func(int) error { return w.pool.LPush(ctx, "queue", text).Err() }, func(got func(int) bool) error {
			for {
				v, err := w.pool.BRPop(ctx, time.Second, "queue").Result()
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
		return w.stream(n, func(int) error {
			return w.pool.LPush(ctx, "kept", strconv.FormatInt(ids.Add(1), 10)).Err()
		}, func(got func(int) bool) error {
			for {
				v, err := w.pool.BLMove(ctx, "kept", "work", "right", "left", time.Second).Result()
				if errors.Is(err, redis.Nil) {
					return nil
				}
				if err == nil {
					err = w.pool.LRem(ctx, "work", 1, v).Err()
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
		r := w.rueidis
		return w.stream(n, func(int) error {
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
	of := func(work string, desir, peer flow, peerName string, must float64) goal {
		return goal{name: "chan", work: work, callers: senders + receivers, must: must, peerName: peerName, flows: [2]flow{desir, peer}}
	}
	batches, single, bulk := w.chanFlow(many, 1), w.chanFlow(1, 1), w.chanFlow(many, many)
	return []goal{
		of("Chan.SendMany(100), Recv", batches, poll, "go-redis LPUSH, BRPOP", 10),
		of("Chan.SendMany(100), RecvMany(100)", bulk, poll, "go-redis LPUSH, BRPOP", 10),
		of("Chan.Send, Recv", single, poll, "go-redis LPUSH, BRPOP", 2),
		of("Chan.Send, Recv", single, kept, "go-redis LPUSH, BLMOVE, LREM", 0),
		of("Chan.Send, Recv", single, rue, "rueidis LPUSH, BRPOP", 0),
	}
}

// chanFlow sends and receives so many values in each call.
func (w *world) chanFlow(sends, takes int) flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		c := channel.NewChan[string](w.rdb, "chan")
		if err := c.Clear(ctx); err != nil {
			return 0, err
		}
		values := make([]string, sends)
		for i := range values {
			values[i] = text
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		return w.stream(n/sends/senders*sends*senders, func(left int) error {
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
func (w *world) stream(n int, send func(left int) error, receive func(got func(int) bool) error) (time.Duration, error) {
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
