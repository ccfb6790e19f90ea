package listen

import (
	"errors"
	"time"
)

// Policy determines what happens when a message arrives and the backlog is full.
type Policy int

// The policies.
const (
	DropOldest Policy = iota // drop the oldest message in the backlog
	DropNewest               // drop the new message
	Block                    // the connection waits, at most for BlockLimit
	Fail                     // the subscription ends
)

// BlockLimit is how long a connection waits for subscribers with the policy Block.
const BlockLimit = time.Second

// ErrOverflow ends a subscriber with the policy Fail: one message did not fit.
var ErrOverflow = errors.New("the backlog is full")

// gap is the number of messages missed before a message.
type gap struct {
	known int64 // this many
	some  bool  // and an unknown number
}

// and returns the sum of two gaps. If the sum overflows an int64, the number is unknown.
func (h gap) and(o gap) gap {
	sum := gap{h.known + o.known, h.some || o.some}
	if sum.known < 0 {
		return gap{some: true}
	}
	return sum
}

type entry struct {
	before         gap
	topic, payload string
}

// backlog is a bounded queue of messages. Gaps do not count against the bound. A gap is
// stored with the message that follows it.
type backlog struct {
	bound   int
	policy  Policy
	dropped int64

	ring  []entry // grows up to bound
	first int     // index of the first message in ring
	n     int     // number of messages
	last  gap     // after all messages
}

func (b *backlog) full() bool  { return b.n >= b.bound }
func (b *backlog) empty() bool { return b.n == 0 && b.last == gap{} }

func (b *backlog) clear() { b.ring, b.first, b.n, b.last = nil, 0, 0, gap{} }

func (b *backlog) at(i int) *entry { return &b.ring[(b.first+i)%len(b.ring)] }

// gap records that n messages were missed here. -1 is an unknown number.
func (b *backlog) gap(n int64) {
	if n < 0 {
		b.last.some = true
		return
	}
	b.last = b.last.and(gap{known: n})
}

// put adds a message or applies the policy. It reports false if the subscription has to end.
func (b *backlog) put(topic, payload string) bool {
	if b.full() {
		b.dropped++
		switch b.policy {
		case DropOldest:
			h := b.pop().before.and(gap{known: 1})
			if b.n == 0 {
				b.last = h.and(b.last)
			} else {
				b.at(0).before = h.and(b.at(0).before)
			}
		case Fail:
			return false
		default:
			b.gap(1)
			return true
		}
	}
	if b.n == len(b.ring) {
		b.grow()
	}
	b.n++
	*b.at(b.n - 1) = entry{b.last, topic, payload}
	b.last = gap{}
	return true
}

func (b *backlog) grow() {
	ring := make([]entry, min(max(16, 2*b.n), b.bound))
	for i := range b.n {
		ring[i] = *b.at(i)
	}
	b.ring, b.first = ring, 0
}

func (b *backlog) pop() entry {
	e := b.at(0)
	old := *e
	*e = entry{}
	b.first = (b.first + 1) % len(b.ring)
	b.n--
	return old
}

// take removes and returns the first item: a gap, in up to two parts, or a message.
func (b *backlog) take() (Item, bool) {
	h := &b.last
	if b.n > 0 {
		h = &b.at(0).before
	}
	switch {
	case h.known > 0:
		it := Item{Missed: h.known}
		h.known = 0
		return it, true
	case h.some:
		h.some = false
		return Item{Missed: -1}, true
	case b.n == 0:
		return Item{}, false
	default:
		e := b.pop()
		return Item{Topic: e.topic, Payload: e.payload}, true
	}
}
