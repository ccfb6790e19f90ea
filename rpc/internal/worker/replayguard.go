package worker

import (
	"hash/maphash"
	"sync"

	"github.com/desir-go/desir/internal/clients"
)

// replayGuard holds the calls of a service that have begun in this process, so that a
// second copy of a frame does not run. All Servers of one redis client share it. It has
// two generations: when the younger one is full, the older one is dropped. So it
// remembers at least the last generationSize calls, or sealedGenerationSize sealed calls,
// with 32 bytes each.
//
// For sealed calls, dropping does no harm. If a dropped call could begin again, all calls
// that are not younger than the youngest dropped one are refused, whether they ran or
// not.
type replayGuard struct {
	seed maphash.Seed

	mu    sync.Mutex
	young generation
	old   generation
	// Sealed calls made at or before this time are refused; server's clock, ms.
	floor int64
}

type generation struct {
	calls  callSet
	newest int64 // when the youngest was made
	last   int64 // until when one of them may begin
}

// callID identifies a call: a hash of its inbox, and its random ID.
type callID struct{ inbox, id uint64 }

const (
	generationSize       = 1 << 13
	sealedGenerationSize = 1 << 18
)

type replayGuardKey struct {
	service string
	sealed  bool // separate from other calls, which would push them out
}

func replayGuardOf(h *clients.Shared, service string, sealed bool) *replayGuard {
	return clients.Value(h, replayGuardKey{service, sealed}, newReplayGuard)
}

func newReplayGuard() *replayGuard { return &replayGuard{seed: maphash.MakeSeed()} }

// sealTimes holds the times of a sealed call, in ms of the server's clock: when it was
// made, until when it may begin, and now.
type sealTimes struct{ made, last, now int64 }

// start records a call that is about to begin, and reports whether no copy of it has
// begun. at is nil for a call that is not sealed.
func (g *replayGuard) start(inbox string, id uint64, at *sealTimes) bool {
	call := callID{maphash.String(g.seed, inbox), id}
	limit := generationSize
	if at != nil {
		limit = sealedGenerationSize
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// A floor in the future comes from another server's clock.
	if at != nil && at.made <= g.floor && g.floor <= at.now {
		return false
	}
	if g.old.calls.has(call) || !g.young.calls.add(call) {
		return false
	}
	if at != nil {
		g.young.newest, g.young.last = max(g.young.newest, at.made), max(g.young.last, at.last)
	}
	if g.young.calls.n >= limit {
		g.rotate(at)
	}
	return true
}

// rotate drops the older generation.
func (g *replayGuard) rotate(at *sealTimes) {
	dropped := g.old
	if at != nil && dropped.last >= at.now { // some of them could begin again
		g.floor = max(g.floor, dropped.newest)
	}
	dropped.calls.empty()
	g.old = g.young
	g.young = generation{calls: dropped.calls}
}
