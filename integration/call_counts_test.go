package integration

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir"
)

const workers = 4 // per package

// callCounts counts the outcomes of the calls of one package.
type callCounts struct {
	done       atomic.Int64 // calls that were acknowledged
	maybe      atomic.Int64 // ErrMaybeRan
	failed     atomic.Int64 // any other error
	longestGap atomic.Int64 // longest time between two successes of one worker, in ns
	byWorker   [workers]atomic.Int64
}

// record records the outcome of a worker's call. last is the time of its last success.
func (f *callCounts) record(w int, err error, last *time.Time) {
	switch {
	case err == nil:
		f.done.Add(1)
		f.byWorker[w].Add(1)
		took := int64(time.Since(*last))
		for old := f.longestGap.Load(); took > old && !f.longestGap.CompareAndSwap(old, took); old = f.longestGap.Load() {
		}
		*last = time.Now()
	case errors.Is(err, desir.ErrMaybeRan):
		f.maybe.Add(1)
	default:
		f.failed.Add(1)
	}
}

// lossWindow is a span of time in which acknowledged writes may be lost.
type lossWindow struct{ from, to time.Time }

func (w lossWindow) has(at time.Time) bool { return at.After(w.from) && at.Before(w.to) }

// hasAny reports whether one of the times is in the window.
func (w lossWindow) hasAny(times []time.Time) bool {
	for _, at := range times {
		if w.has(at) {
			return true
		}
	}
	return false
}
