package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// contest is a task that desir and its peers perform in turns.
type contest struct {
	work    string
	callers int
	spread  bool // uses more processes or links than -pin has cores
	value   func(sample) float64
	unit    string                          // unit of the value; "" means calls per second
	cleanUp func(ctx context.Context) error // called before each turn
	desir   runner
	peers   []peer
}

// peer is a competitor of desir, with the goal for desir: at least must times the peer's
// rate, or at most must times its latency if the value is a latency.
type peer struct {
	name string
	goal string // name of the goal, if must is set
	must float64
	run  runner
}

// runner works for about d.
type runner func(ctx context.Context, d time.Duration) (sample, error)

// lazy returns a runner that starts its clients and processes in its first turn.
func lazy(connect func() (runner, error)) runner {
	made := sync.OnceValues(connect)
	return func(ctx context.Context, d time.Duration) (sample, error) {
		run, err := made()
		if err != nil {
			return sample{}, err
		}
		return run(ctx, d)
	}
}

// sample is the measurement of one turn.
type sample struct {
	rate     float64 // per second
	p50, p99 time.Duration
	allocs   float64 // per call, in this process
	note     string
}

// outcome is the result of a contest: the medians of desir and the ratio to each peer.
type outcome struct {
	value, allocs float64
	p50, p99      time.Duration
	note          string
	ratios        []float64
}

// measure runs all rounds. In each round every competitor takes a turn, and another one
// is first.
func (c contest) measure(ctx context.Context, s settings) (outcome, error) {
	runners := []runner{c.desir}
	for _, p := range c.peers {
		runners = append(runners, p.run)
	}
	value := c.value
	if value == nil {
		value = func(s sample) float64 { return s.rate }
	}
	var ours []sample
	ratios := make([][]float64, len(c.peers))
	for round := -1; round < s.rounds; round++ { // round -1 warms up
		samples := make([]sample, len(runners))
		for turn := range runners {
			who := (turn + round + 1) % len(runners)
			if c.cleanUp != nil {
				if err := c.cleanUp(ctx); err != nil {
					return outcome{}, err
				}
			}
			var err error
			if samples[who], err = runners[who](ctx, s.slice); err != nil {
				name := "desir"
				if who > 0 {
					name = c.peers[who-1].name
				}
				return outcome{}, fmt.Errorf("%s, %s: %w", c.work, name, err)
			}
		}
		if round < 0 {
			continue
		}
		ours = append(ours, samples[0])
		for i := range c.peers {
			ratios[i] = append(ratios[i], value(samples[0])/value(samples[i+1]))
		}
	}
	o := outcome{
		value:  medianOf(ours, value),
		allocs: medianOf(ours, func(s sample) float64 { return s.allocs }),
		p50:    time.Duration(medianOf(ours, func(s sample) float64 { return float64(s.p50) })),
		p99:    time.Duration(medianOf(ours, func(s sample) float64 { return float64(s.p99) })),
		note:   ours[len(ours)-1].note,
	}
	for _, r := range ratios {
		o.ratios = append(o.ratios, median(r))
	}
	return o, nil
}

// reached reports whether a ratio meets the goal.
func (c contest) reached(p peer, ratio float64) bool {
	if c.value != nil {
		return ratio <= p.must
	}
	return ratio >= p.must
}

func medianOf(samples []sample, value func(sample) float64) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, value(s))
	}
	return median(all)
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
