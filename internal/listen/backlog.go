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
	known   int64 // this many
	unknown bool  // and an unknown number
}

// plus returns the sum of two gaps. If the sum overflows an int64, the number is unknown.
func (g gap) plus(o gap) gap {
	sum := gap{g.known + o.known, g.unknown || o.unknown}
	if sum.known < 0 {
		return gap{unknown: true}
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

	ring     []entry // grows up to bound
	first    int     // index of the first message in ring
	count    int     // number of messages
	trailing gap     // after all messages
}

func (b *backlog) full() bool  { return b.count >= b.bound }
func (b *backlog) empty() bool { return b.count == 0 && b.trailing == gap{} }

func (b *backlog) clear() { b.ring, b.first, b.count, b.trailing = nil, 0, 0, gap{} }

func (b *backlog) at(i int) *entry { return &b.ring[(b.first+i)%len(b.ring)] }

// gap records that n messages were missed here. -1 is an unknown number.
func (b *backlog) gap(n int64) {
	if n < 0 {
		b.trailing.unknown = true
		return
	}
	b.trailing = b.trailing.plus(gap{known: n})
}

// put adds a message or applies the policy. It reports false if the subscription has to end.
func (b *backlog) put(topic, payload string) bool {
	if b.full() {
		b.dropped++
		switch b.policy {
		case DropOldest:
			g := b.pop().before.plus(gap{known: 1})
			if b.count == 0 {
				b.trailing = g.plus(b.trailing)
			} else {
				b.at(0).before = g.plus(b.at(0).before)
			}
		case Fail:
			return false
		default:
			b.gap(1)
			return true
		}
	}
	if b.count == len(b.ring) {
		b.grow()
	}
	b.count++
	*b.at(b.count - 1) = entry{b.trailing, topic, payload}
	b.trailing = gap{}
	return true
}

func (b *backlog) grow() {
	ring := make([]entry, min(max(16, 2*b.count), b.bound))
	for i := range b.count {
		ring[i] = *b.at(i)
	}
	b.ring, b.first = ring, 0
}

func (b *backlog) pop() entry {
	e := b.at(0)
	old := *e
	*e = entry{}
	b.first = (b.first + 1) % len(b.ring)
	b.count--
	return old
}

// take removes and returns the first item: a gap, in up to two parts, or a message.
func (b *backlog) take() (Item, bool) {
	g := &b.trailing
	if b.count > 0 {
		g = &b.at(0).before
	}
	switch {
	case g.known > 0:
		it := Item{Missed: g.known}
		g.known = 0
		return it, true
	case g.unknown:
		g.unknown = false
		return Item{Missed: -1}, true
	case b.count == 0:
		return Item{}, false
	default:
		e := b.pop()
		return Item{Topic: e.topic, Payload: e.payload}, true
	}
}
