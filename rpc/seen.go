package rpc

import (
	"hash/maphash"
	"sync"

	"github.com/desir-go/desir/internal/clients"
)

// seen holds the calls of a service that have begun in this process, so that a second
// copy of a frame does not run. All Servers of one redis client share it. It has two
// generations: when the younger one is full, the older one is dropped. So it remembers at
// least the last keptCalls calls, or keptSealed sealed calls, with 32 bytes each.
//
// For sealed calls, dropping does no harm. If a dropped call could begin again, all calls
// that are not younger than the youngest dropped one are refused, whether they ran or
// not.
type seen struct {
	seed maphash.Seed

	mu    sync.Mutex
	young generation
	old   generation
	// Sealed calls made at or before this time are refused; server's clock, ms.
	floor int64
}

type generation struct {
	calls  seenTable
	newest int64 // when the youngest was made
	last   int64 // until when one of them may begin
}

// seenCall identifies a call: a hash of its inbox, and its random ID.
type seenCall struct{ inbox, id uint64 }

const (
	keptCalls  = 1 << 13
	keptSealed = 1 << 18
)

type seenPart struct {
	service string
	sealed  bool // sealed calls are kept apart, since others would push them out
}

func seenOf(h *clients.Shared, service string, sealed bool) *seen {
	return clients.Value(h, seenPart{service, sealed}, newSeen)
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed()} }

// moment holds the times of a sealed call, in ms of the server's clock: when it was made,
// until when it may begin, and now.
type moment struct{ made, last, now int64 }

// first records a call that is about to begin, and reports whether no copy of it has
// begun. at is nil for a call that is not sealed.
func (s *seen) first(inbox string, id uint64, at *moment) bool {
	call := seenCall{maphash.String(s.seed, inbox), id}
	most := keptCalls
	if at != nil {
		most = keptSealed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A floor in the future comes from another server's clock.
	if at != nil && at.made <= s.floor && s.floor <= at.now {
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

// forget drops the older generation.
func (s *seen) forget(at *moment) {
	gone := s.old
	if at != nil && gone.last >= at.now { // some of them could begin again
		s.floor = max(s.floor, gone.newest)
	}
	gone.calls.empty()
	s.old = s.young
	s.young = generation{calls: gone.calls}
}
