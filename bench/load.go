package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// op performs one operation of a competitor, the i-th of goroutine g.
type op func(ctx context.Context, g, i int) error

const timed = 16 // one operation of 16 is timed

// loop returns a closed loop: each caller waits for a reply before its next call.
func (do op) loop(callers int) runner { return do.load(callers, false) }

// cancelable is like loop, with a context that can end for each caller.
func (do op) cancelable(callers int) runner { return do.load(callers, true) }

func (do op) load(callers int, cancelable bool) runner {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		work := context.WithoutCancel(ctx)
		if cancelable {
			work = ctx
		}
		var stop atomic.Bool
		var group sync.WaitGroup
		var first error
		var once sync.Once
		counts := make([]int, callers*8) // one cache line per caller
		waits := make([][]time.Duration, callers)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		for caller := range callers {
			group.Go(func() {
				own := work
				if cancelable {
					var cancel context.CancelFunc
					own, cancel = context.WithCancel(work)
					defer cancel()
				}
				n := 0
				for ; !stop.Load(); n++ {
					var began time.Time
					if n%timed == 0 {
						began = time.Now()
					}
					if err := do(own, caller, n); err != nil {
						once.Do(func() { first = err })
						return
					}
					if n%timed == 0 {
						waits[caller] = append(waits[caller], time.Since(began))
					}
				}
				counts[caller*8] = n
			})
		}
		timer := time.AfterFunc(d, func() { stop.Store(true) })
		defer timer.Stop()
		group.Wait()
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		sum := 0
		for _, n := range counts {
			sum += n
		}
		if first == nil {
			first = ctx.Err()
		}
		s := sample{rate: float64(sum) / took.Seconds(), allocs: float64(after.Mallocs-before.Mallocs) / float64(max(sum, 1))}
		s.p50, s.p99 = quantiles(slices.Concat(waits...))
		return s, first
	}
}

// quantiles returns the median and the 99th percentile.
func quantiles(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}
