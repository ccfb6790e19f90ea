package send

import (
	"hash/maphash"
	"sync/atomic"
)

// firstGuess is what an answer is taken for at least: as large as those of the
// longest batch may be.
const firstGuess = 512

// sizes remembers how many bytes the answers of a key tend to have, so that few
// of the large ones travel together. Keys whose hashes agree share an estimate.
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

// guess returns how many bytes the next answer may have.
func (e *estimate) guess() int { return max(int(e.Load()), firstGuess) }

// saw notes an answer of n bytes. Two at once may forget one of them.
func (e *estimate) saw(n int) {
	old := e.Load()
	if next := old + (int64(max(n, firstGuess))-old)/8; next != old {
		e.Store(next)
	}
}
