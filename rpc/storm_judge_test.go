package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

// open returns the calls that have not ended, except those of killed clients.
func (b journal) open(killed map[int]bool) (calls []int) {
	var fates map[string]string
	must(func() (err error) { fates, err = b.rdb.HGetAll(context.Background(), fatesKey).Result(); return err })
	for text, fate := range fates {
		if n, _ := strconv.Atoi(text); fate == pending && !killed[clientOf(n)] {
			calls = append(calls, n)
		}
	}
	slices.Sort(calls)
	return calls
}

// judge reads the book after the storm, and returns all violations:
//
//   - a call of a living client that has not ended within the bound
//   - a call that ran although its error said that it did not
//   - a call that ran twice
//   - a result without a run, or a result or an error that the handler did not return
//
// Everything else is allowed, so that the outcome does not depend on timing.
func (b journal) judge(t *testing.T, bound time.Duration, killed map[int]bool) (wrong []string) {
	t.Helper()
	for end := time.Now().Add(bound); len(b.open(killed)) > 0 && time.Now().Before(end); {
		<-time.After(50 * time.Millisecond)
	}
	for _, n := range b.open(killed) {
		wrong = append(wrong, fmt.Sprintf("call %d of client %d has not ended", n%callsOfClient, clientOf(n)))
	}
	ctx := context.Background()
	runs := map[int]int64{}
	var ran []string
	must(func() (err error) { ran, err = b.rdb.SMembers(ctx, runsKey).Result(); return err })
	for _, text := range ran {
		n, _ := strconv.Atoi(text)
		must(func() (err error) { runs[n], err = b.rdb.SCard(ctx, fmt.Sprint("run:", n)).Result(); return err })
	}
	var fates map[string]string
	must(func() (err error) { fates, err = b.rdb.HGetAll(ctx, fatesKey).Result(); return err })
	count := map[string]int{}
	for text, fate := range fates {
		n, _ := strconv.Atoi(text)
		count[fate]++
		switch {
		case runs[n] > 1:
			wrong = append(wrong, fmt.Sprintf("call %d of client %d (%s) ran %d times", n%callsOfClient, clientOf(n), fate, runs[n]))
		case fate == notRun && runs[n] > 0:
			wrong = append(wrong, fmt.Sprintf("call %d of client %d ran, and its caller was told that it did not", n%callsOfClient, clientOf(n)))
		case fate == good && runs[n] != 1:
			wrong = append(wrong, fmt.Sprintf("call %d of client %d has a result and did not run", n%callsOfClient, clientOf(n)))
		case !slices.Contains([]string{pending, good, notRun, maybe, answer}, fate):
			wrong = append(wrong, fmt.Sprintf("call %d of client %d: %s", n%callsOfClient, clientOf(n), fate))
		}
	}
	t.Logf("fates: %v", count)
	return wrong
}

// TestStormsAreJudged breaks each rule by hand: the judge reports it.
func TestStormsAreJudged(t *testing.T) {
	t.Parallel()
	b := openJournal(redistest.StartServer(t).Addr)
	for name, x := range map[string]struct {
		fate   string
		runs   int
		killed bool
		wrong  bool
	}{
		"good":                         {fate: good, runs: 1},
		"good without a run":           {fate: good, wrong: true},
		"twice":                        {fate: good, runs: 2, wrong: true},
		"maybe, and did":               {fate: maybe, runs: 1},
		"maybe, and did not":           {fate: maybe},
		"maybe, and did twice":         {fate: maybe, runs: 2, wrong: true},
		"not run":                      {fate: notRun},
		"not run, and did":             {fate: notRun, runs: 1, wrong: true},
		"no end":                       {fate: pending, wrong: true},
		"no end of a client's own":     {fate: pending, runs: 1, killed: true},
		"twice for a client of before": {fate: pending, runs: 2, killed: true, wrong: true},
		"another error":                {fate: "EOF", wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			must(func() error { return b.rdb.FlushAll(t.Context()).Err() })
			const call = 3*callsOfClient + 7
			b.record(call, x.fate)
			for range x.runs {
				b.run(call)
			}
			if wrong := b.judge(t, 0, map[int]bool{3: x.killed}); len(wrong) > 0 != x.wrong {
				t.Errorf("%q; want some: %t", wrong, x.wrong)
			}
		})
	}
}
