package integration

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir"
)

const workers = 4 // per package

// traffic counts the outcomes of the calls of one package.
type traffic struct {
	done    atomic.Int64 // calls that were acknowledged
	maybe   atomic.Int64 // ErrMaybeRan
	refused atomic.Int64 // any other error
	longest atomic.Int64 // longest time between two successes of one worker, in ns
	by      [workers]atomic.Int64
}

// note records the outcome of a worker's call. last is the time of its last success.
func (f *traffic) note(w int, err error, last *time.Time) {
	switch {
	case err == nil:
		f.done.Add(1)
		f.by[w].Add(1)
		took := int64(time.Since(*last))
		for old := f.longest.Load(); took > old && !f.longest.CompareAndSwap(old, took); old = f.longest.Load() {
		}
		*last = time.Now()
	case errors.Is(err, desir.ErrMaybeRan):
		f.maybe.Add(1)
	default:
		f.refused.Add(1)
	}
}

// window is a span of time in which acknowledged writes may be lost.
type window struct{ from, to time.Time }

func (w window) has(at time.Time) bool { return at.After(w.from) && at.Before(w.to) }

// any reports whether one of the times is in the window.
func (w window) any(times []time.Time) bool {
	for _, at := range times {
		if w.has(at) {
			return true
		}
	}
	return false
}
