package integration

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir"
)

const workers = 4 // of each package

// traffic is what became of the calls of one package.
type traffic struct {
	done    atomic.Int64 // calls that were acknowledged
	maybe   atomic.Int64 // ErrMaybeRan
	refused atomic.Int64 // any other error
	longest atomic.Int64 // between two successes of one worker, in ns
	by      [workers]atomic.Int64
}

// note takes down what became of a worker's call. last is when one succeeded.
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

// window is a time in which what was acknowledged may be lost.
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
