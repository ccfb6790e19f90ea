package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// table runs contests and prints a row for each, with a column for each peer. A cell
// contains the ratio of desir to the peer, and the goal.
func table(ctx context.Context, s settings, contests []contest) error {
	var peers []string
	for _, c := range contests {
		for _, p := range c.peers {
			if !slices.Contains(peers, p.name) {
				peers = append(peers, p.name)
			}
		}
	}
	if len(peers) == 0 {
		return nil
	}
	fmt.Println()
	row(slices.Concat([]string{"work", "callers", "desir"}, peers, []string{"p50 / p99", "allocs", "besides"}))
	row(slices.Repeat([]string{"---"}, len(peers)+6))
	for _, c := range contests {
		o, err := c.measure(ctx, s)
		if err != nil {
			return err
		}
		cells := []string{c.work, fmt.Sprint(c.callers), c.figure(o.value)}
		for _, name := range peers {
			cell := "–"
			if i := slices.IndexFunc(c.peers, func(p peer) bool { return p.name == name }); i >= 0 {
				cell = c.cell(c.peers[i], o.ratios[i])
			}
			cells = append(cells, cell)
		}
		latency := "–"
		if o.p50 > 0 {
			latency = fmt.Sprintf("%d / %d µs", o.p50.Microseconds(), o.p99.Microseconds())
		}
		allocs := "–"
		if o.allocs > 0 {
			allocs = fmt.Sprintf("%.1f", o.allocs)
		}
		row(append(cells, latency, allocs, o.note))
	}
	return nil
}

func row(cells []string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

func (c contest) figure(value float64) string {
	if c.unit != "" {
		return fmt.Sprintf("%.0f %s", value, c.unit)
	}
	return fmt.Sprintf("%.0f k/s", value/1000)
}

func (c contest) cell(p peer, ratio float64) string {
	if p.must == 0 {
		return fmt.Sprintf("%.2f", ratio)
	}
	sign := "≥"
	if c.value != nil {
		sign = "≤"
	}
	text := fmt.Sprintf("%.2f (%s %s %.2f)", ratio, p.goal, sign, p.must)
	if !c.reached(p, ratio) {
		return "**" + text + "**"
	}
	return text
}
