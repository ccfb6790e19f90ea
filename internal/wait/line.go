package wait

import (
	"time"

	"github.com/desir-go/desir/internal/keys"
)

// Source names what receivers wait for: a list of values and its helpers.
type Source struct {
	Values  string // the object's key
	Wake    string // list of at most one token; on a cluster a channel
	Closed  string // a mark that no more will come
	Senders string // set while senders wait for room
	Room    string // list of at most one value, which is for one of them
	keys    []string
	life    time.Duration // of the list; 0 has no end
}

// SourceOf returns the source of the list called name.
func SourceOf(name string) Source {
	s := Source{
		Values:  name,
		Wake:    keys.Part(name, "wake"),
		Closed:  keys.Part(name, "closed"),
		Senders: keys.Part(name, "senders"),
		Room:    keys.Part(name, "room"),
	}
	s.keys = []string{s.Values, s.Wake, s.Closed, s.Senders, s.Room, keys.Part(s.Room, "wake")}
	return s
}

// Keys returns the keys that scripts of the object get: values, wake, closed,
// senders, room, the room's wake.
func (s Source) Keys() []string { return s.keys }

// RoomOf returns the source that senders wait at who wait for room in another.
func RoomOf(s Source) Source {
	room := SourceOf(s.Room)
	room.life = TokenLife
	return room
}

// line is those who wait here for one source, and the values at hand that
// found nobody. Its loop's mutex guards it.
type line struct {
	source  Source
	waiting []*receiver // first come, first served
	held    []string    // taken, wanted by nobody yet; in order
	fresh   bool        // there may be something to take right now
	away    bool        // its slot has moved; another loop will have it
	after   time.Time   // when to try again to give back what is at hand
}

// wanted is how many values the receivers can use.
func (l *line) wanted() int {
	n := 0
	for _, r := range l.waiting {
		if n += min(r.max, maxTake); n >= maxTake {
			return maxTake
		}
	}
	return n
}

// serve hands values to receivers in order; what is left stays at hand.
func (l *line) serve(values []string) {
	l.held = append(l.held, values...)
	for len(l.held) > 0 && len(l.waiting) > 0 {
		r := l.waiting[0]
		l.waiting = l.waiting[1:]
		n := min(r.max, len(l.held))
		r.values = append([]string(nil), l.held[:n]...)
		l.held = l.held[n:]
		close(r.done)
	}
}

// fail ends the wait of all receivers.
func (l *line) fail(err error) {
	for _, r := range l.waiting {
		r.err = err
		close(r.done)
	}
	l.waiting = nil
}

// leave takes a receiver out and reports whether it was still waiting.
func (l *line) leave(r *receiver) bool {
	for i, w := range l.waiting {
		if w == r {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lasts returns the receivers whose wait the next take decides.
func (l *line) lasts() (rs []*receiver) {
	for _, r := range l.waiting {
		if r.last {
			rs = append(rs, r)
		}
	}
	return rs
}

// end ends the wait of receivers for whom there was nothing.
func (l *line) end(rs []*receiver) {
	for _, r := range rs {
		if l.leave(r) {
			r.err = ErrIdle
			close(r.done)
		}
	}
}

// receiver is one call that waits. values and err are set before done closes.
type receiver struct {
	max    int
	last   bool // the next take decides: its wait is over if there is nothing
	values []string
	err    error
	done   chan struct{}
}
