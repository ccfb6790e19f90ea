package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// op is one operation of a competitor, the i-th of goroutine g.
type op func(ctx context.Context, g, i int) error

// goal is a ratio that has to be reached: desir's operations per second over a
// peer's, in the same round.
type goal struct {
	name, work string
	callers    int
	cancelable bool // each caller has a context that can end
	desir      op
	peer       op
	flows      [2]flow // instead of desir and peer: what takes two sides
	peerName   string
	must       float64
}

// measure lets the two take turns, each first in every other round, and returns
// a line of the table.
func (g goal) measure(ctx context.Context, s settings) (string, error) {
	ops := []op{g.desir, g.peer}
	var ratios, ours, theirs []float64
	for round := -1; round < s.rounds; round++ { // the first warms up
		rates := [2]float64{}
		for turn := range ops {
			who := (turn + round + 2) % 2
			rate, err := g.rate(ctx, who, ops[who], s.slice)
			if err != nil {
				return "", err
			}
			rates[who] = rate
		}
		if round >= 0 {
			ratios = append(ratios, rates[0]/rates[1])
			ours, theirs = append(ours, rates[0]), append(theirs, rates[1])
		}
	}
	ratio := median(ratios)
	mark := ""
	if ratio < g.must {
		mark = " (missed)"
	}
	return fmt.Sprintf("| %s | %s | %d | %.0f k/s | %.0f k/s | %.2f | %.2f%s | %s |",
		g.name, g.work, g.callers, median(ours)/1000, median(theirs)/1000, ratio, g.must, mark, g.peerName), nil
}

func (g goal) rate(ctx context.Context, who int, do op, d time.Duration) (float64, error) {
	if f := g.flows[who]; f != nil {
		return f.through(ctx, d)
	}
	return g.load(ctx, do, d)
}

// load runs a closed loop in every caller and returns operations per second.
func (g goal) load(ctx context.Context, do op, d time.Duration) (float64, error) {
	var stop atomic.Bool
	var group sync.WaitGroup
	var first error
	var once sync.Once
	counts := make([]int, g.callers*8) // a cache line apart
	work := context.Background()
	if g.cancelable {
		var cancel context.CancelFunc
		work, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	start := time.Now()
	for caller := range g.callers {
		group.Go(func() {
			own := work
			if g.cancelable {
				var cancel context.CancelFunc
				own, cancel = context.WithCancel(work)
				defer cancel()
			}
			n := 0
			for !stop.Load() {
				if err := do(own, caller, n); err != nil {
					once.Do(func() { first = err })
					return
				}
				n++
			}
			counts[caller*8] = n
		})
	}
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	group.Wait()
	took := time.Since(start)
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if first == nil {
		first = ctx.Err()
	}
	return float64(sum) / took.Seconds(), first
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
