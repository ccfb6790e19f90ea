package rpc

import "math/bits"

// seenTable is a set of calls, at most half full. A map of Go costs five times as much for a
// call, since it grows by pieces. Its slots follow a hash that nobody can predict, since that of
// the inbox is seeded.
type seenTable struct {
	slots []seenCall // a power of two; the ID 0 is an empty slot
	n     int
}

const firstSlots = 1 << 10

// find returns the slot of a call, or the empty one where it belongs.
func (t *seenTable) find(c seenCall) *seenCall {
	high, low := bits.Mul64(c.id^0x9e3779b97f4a7c15, c.inbox|1)
	for i := high ^ low; ; i++ {
		if s := &t.slots[i&uint64(len(t.slots)-1)]; s.id == 0 || *s == c {
			return s
		}
	}
}

func (t *seenTable) has(c seenCall) bool { return t.n > 0 && t.find(c).id != 0 }

// add adds a call, and reports whether it was not there.
func (t *seenTable) add(c seenCall) bool {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]seenCall, max(firstSlots, 2*len(old)))
		for _, o := range old {
			if o.id != 0 {
				*t.find(o) = o
			}
		}
	}
	s := t.find(c)
	if s.id != 0 {
		return false
	}
	*s = c
	t.n++
	return true
}

// empty keeps the slots for other calls.
func (t *seenTable) empty() {
	clear(t.slots)
	t.n = 0
}
