package send

import (
	"hash/maphash"
	"sync/atomic"
)

// minGuess is the smallest estimate of a reply in bytes.
const minGuess = 512

// sizes estimates the size of the replies of each key, so that a batch has few large
// ones. Keys with equal hashes share an estimate.
type sizes struct {
	seed  maphash.Seed
	cells [1024]estimate
}

func newSizes() *sizes { return &sizes{seed: maphash.MakeSeed()} }

// of returns the estimate of a key.
func (s *sizes) of(key string) *estimate {
	return &s.cells[maphash.String(s.seed, key)%uint64(len(s.cells))]
}

// estimate is a moving average, in bytes.
type estimate struct{ atomic.Int64 }

// guess returns the estimated size of the next reply in bytes.
func (e *estimate) guess() int { return max(int(e.Load()), minGuess) }

// record records a reply of n bytes. Of two concurrent calls one may have no effect.
func (e *estimate) record(n int) {
	old := e.Load()
	if next := old + (int64(max(n, minGuess))-old)/8; next != old {
		e.Store(next)
	}
}
