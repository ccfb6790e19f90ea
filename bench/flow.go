package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// flow sends n values to receivers and returns the time until the last one has arrived.
type flow func(ctx context.Context, n int) (time.Duration, error)

// runner measures a flow in values per second. It increases the number of values until
// the flow takes longer than a quarter of d.
func (f flow) runner() runner {
	n := 2 * senders * many
	return func(ctx context.Context, d time.Duration) (sample, error) {
		for ; ; n *= 4 {
			took, err := f(context.WithoutCancel(ctx), n)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return sample{}, err
			}
			if took > d/4 {
				return sample{rate: float64(n) / took.Seconds()}, nil
			}
		}
	}
}

// cancelable returns the flow with contexts that can end, for the senders too.
func (f flow) cancelable() flow {
	return func(ctx context.Context, n int) (time.Duration, error) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		return f(ctx, n)
	}
}

const deliveryTimeout = 30 * time.Second // if values are missing after this time, they are lost

// tally counts the values of a flow that were received.
type tally struct {
	all   int64
	count atomic.Int64
	start time.Time
	took  time.Duration // set before done closes
	done  chan struct{}
}

func newTally(all int) *tally { return &tally{all: int64(all), done: make(chan struct{})} }

func (t *tally) add(k int) {
	if sum := t.count.Add(int64(k)); sum >= t.all && sum-int64(k) < t.all {
		t.took = time.Since(t.start)
		close(t.done)
	}
}

// flowEnds contains the senders and receivers of a flow. All senders send the same number
// of values. send gets the number of values that its sender has left, including this one.
// A receiver receives until its context ends, which happens when all values have arrived.
// receive is nil for peers with their own goroutines, which call got. A receiver that
// ignores its context while it waits ends by the value that last sends. last is called
// once after all values.
type flowEnds struct {
	senders, receivers int
	send               func(left int) error
	receive            func(ctx context.Context) error
	last               func() error
}

// flow sends n values and then ends all senders and receivers.
func (t *tally) flow(ctx context.Context, n int, e flowEnds) (time.Duration, error) {
	ctx, stop := context.WithTimeout(ctx, deliveryTimeout)
	defer stop()
	var sending, receiving sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	note := func(err error) {
		if err != nil && !errors.Is(err, context.Canceled) {
			mu.Lock()
			errs = append(errs, err)
			mu.Unlock()
			stop()
		}
	}
	t.start = time.Now()
	if e.receive != nil {
		for range e.receivers {
			receiving.Go(func() { note(e.receive(ctx)) })
		}
	}
	for range e.senders {
		sending.Go(func() {
			for left := n / e.senders; left > 0 && ctx.Err() == nil; left-- {
				if err := e.send(left); err != nil {
					note(err)
					return
				}
			}
		})
	}
	sending.Wait()
	if e.last != nil {
		note(e.last())
	}
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	stop()
	receiving.Wait()
	if got := t.count.Load(); got != t.all {
		errs = append(errs, fmt.Errorf("%d of %d values were received", got, t.all))
	}
	return t.took, errors.Join(errs...)
}
