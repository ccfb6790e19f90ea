package rpc

import (
	"hash/maphash"
	"sync"

	"github.com/desir-go/desir/internal/hub"
)

// seen is the calls of a service that have begun in this process, so that a second copy of a
// frame does not run. All Servers of one redis client share it. It has two generations: when
// the younger one is full, the older one goes. So it remembers at least the last keptCalls
// calls, or keptSealed of those under a codec, at 32 bytes for each.
//
// For calls under a codec forgetting does no harm: what was made no later than the youngest
// call that was forgotten too early is refused, whether it has run or not.
type seen struct {
	seed maphash.Seed

	mu    sync.Mutex
	young generation
	old   generation
	floor int64 // sealed calls that were made at or before it are not told from second copies; server's clock, ms
}

type generation struct {
	calls  seenTable
	newest int64 // when the youngest was made
	last   int64 // until when one of them may begin
}

// seenCall is a call: a hash of its inbox, and its ID, which is at random.
type seenCall struct{ inbox, id uint64 }

const (
	keptCalls  = 1 << 13
	keptSealed = 1 << 18
)

type seenPart struct {
	service string
	sealed  bool // only those under a codec: others would push them out
}

func seenOf(h *hub.Hub, service string, sealed bool) *seen {
	return h.Part(seenPart{service, sealed}, func() any { return newSeen() }).(*seen)
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed()} }

// moment is when a call under a codec was made, and until when it may begin, by the
// server's clock in ms, and what that says now.
type moment struct{ made, last, now int64 }

// first notes a call that is about to begin, and reports whether no copy of it has begun. at is
// nil for a call that is not under a codec.
func (s *seen) first(inbox string, id uint64, at *moment) bool {
	call := seenCall{maphash.String(s.seed, inbox), id}
	most := keptCalls
	if at != nil {
		most = keptSealed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at != nil && at.made <= s.floor && s.floor <= at.now { // a floor in the future is of another server's clock
		return false
	}
	if s.old.calls.has(call) || !s.young.calls.add(call) {
		return false
	}
	if at != nil {
		s.young.newest, s.young.last = max(s.young.newest, at.made), max(s.young.last, at.last)
	}
	if s.young.calls.n >= most {
		s.forget(at)
	}
	return true
}

// forget lets the older generation go.
func (s *seen) forget(at *moment) {
	gone := s.old
	if at != nil && gone.last >= at.now { // some of them could begin again
		s.floor = max(s.floor, gone.newest)
	}
	gone.calls.empty()
	s.old = s.young
	s.young = generation{calls: gone.calls}
}
