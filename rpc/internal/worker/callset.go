package worker

import "math/bits"

// callSet is a set of calls: a hash table with open addressing, at most half full. A Go
// map would cost five times as much per call, because it grows in pieces. Slots cannot be
// predicted, because the hash of the inbox is seeded.
type callSet struct {
	slots []callID // length is a power of two; ID 0 is an empty slot
	n     int
}

const minSlots = 1 << 10

// find returns the slot of a call, or the empty slot where it belongs.
func (t *callSet) find(c callID) *callID {
	high, low := bits.Mul64(c.id^0x9e3779b97f4a7c15, c.inbox|1)
	for i := high ^ low; ; i++ {
		if s := &t.slots[i&uint64(len(t.slots)-1)]; s.id == 0 || *s == c {
			return s
		}
	}
}

func (t *callSet) has(c callID) bool { return t.n > 0 && t.find(c).id != 0 }

// add adds a call, and reports whether it was new.
func (t *callSet) add(c callID) bool {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]callID, max(minSlots, 2*len(old)))
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

// empty removes all calls and keeps the slots.
func (t *callSet) empty() {
	clear(t.slots)
	t.n = 0
}
