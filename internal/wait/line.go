package wait

import (
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
)

// Source is what receivers wait for: a structure that holds values, the key by
// which they are woken, and the scripts that take values out and give them back.
type Source struct {
	Values string // the object's key
	Wake   string // list of at most one token; on a cluster a channel

	owner    string // the object beside whose keys the waiter puts its own
	keys     []string
	take     *script.Script
	giveBack *script.Script
	life     time.Duration // of what is given back; 0 has no end
}

// NewSource returns a source with scripts of its own. Both get the keys; take
// gets ARGV[1] how many values at most, ARGV[2] [Flag], ARGV[3] the life of a
// token in ms, and answers with {state, value...}, its state one of 0 open, 1
// more is there, 2 closed and empty; it pops last. giveBack gets ARGV[1] Flag,
// ARGV[2] the life of a token, ARGV[3] "0", ARGV[4..] what take has returned,
// the first one first.
func NewSource(values, wake string, take, giveBack *script.Script, keys ...string) Source {
	return Source{Values: values, Wake: wake, owner: values, keys: keys, take: take, giveBack: giveBack}
}

// OwnedBy returns the source as one of the many short-lived ones of an object,
// called name and in the same slot: they have the waiter's own key in common.
func (s Source) OwnedBy(name string) Source {
	s.owner = name
	return s
}

// place tells sources apart: two may take from one key, each in its own way.
type place struct {
	values string
	take   *script.Script
}

func (s Source) place() place { return place{s.Values, s.take} }

// Keys returns the keys that the source's scripts get.
func (s Source) Keys() []string { return s.keys }

// List is the source of a list of values that can be closed, and where senders
// can wait for room.
type List struct {
	Source
	Closed  string // a mark that no more will come
	Senders string // set while senders wait for room
	Room    string // list of at most one value, which is for one of them
}

// ListOf returns the source of the list called name. Its keys are values, wake,
// closed, senders, room, the room's wake.
func ListOf(name string) List {
	l := List{
		Closed:  keys.Part(name, "closed"),
		Senders: keys.Part(name, "senders"),
		Room:    keys.Part(name, "room"),
	}
	wake := keys.Part(name, "wake")
	l.Source = NewSource(name, wake, take, giveBack,
		name, wake, l.Closed, l.Senders, l.Room, keys.Part(l.Room, "wake"))
	return l
}

// WaitingRoom returns the source that senders wait at who wait for room.
func (l List) WaitingRoom() Source {
	room := ListOf(l.Room).Source
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
	taking  bool        // a take is in flight
	after   time.Time   // when to try again to give back what is at hand
	trouble error       // why the server did not serve it, when it was asked last
}

// wanted is how many values the receivers can use.
func (l *line) wanted() int {
	n := 0
	for _, r := range l.waiting {
		if r.leaving {
			continue
		}
		if n += min(r.max, maxTake); n >= maxTake {
			return maxTake
		}
	}
	return n
}

// serve hands values to receivers in order, those that are leaving last; what is left
// stays at hand.
func (l *line) serve(values []string) {
	l.held = append(l.held, values...)
	for len(l.held) > 0 && len(l.waiting) > 0 {
		r := l.next()
		n := min(r.max, len(l.held))
		r.values = append([]string(nil), l.held[:n]...)
		l.held = l.held[n:]
		close(r.done)
	}
}

// next takes out the receiver that is served next.
func (l *line) next() *receiver {
	i := slices.IndexFunc(l.waiting, func(r *receiver) bool { return !r.leaving })
	if i <= 0 { // the first one, also if all are leaving
		r := l.waiting[0]
		l.waiting = l.waiting[1:]
		return r
	}
	r := l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return r
}

// shut ends the wait of all receivers as the end of their contexts does, but with an error.
func (l *line) shut(err error) {
	if !l.taking {
		l.fail(err)
		return
	}
	for _, r := range l.waiting {
		if !r.leaving {
			r.leaving, r.why = true, err
		}
	}
}

// urgent reports whether a receiver came since the line was looked at, or is leaving.
func (l *line) urgent() bool {
	return l.fresh && len(l.waiting) > 0 || slices.ContainsFunc(l.waiting, isLeaving)
}

// settled notes that no take is in flight any more, and lets those go that waited for that.
func (l *line) settled() {
	l.taking = false
	if !slices.ContainsFunc(l.waiting, isLeaving) {
		return
	}
	for _, r := range slices.Clone(l.waiting) {
		if r.leaving && l.leave(r) {
			r.err = r.why
			close(r.done)
		}
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
			r.trouble = l.trouble
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
	max     int
	last    bool  // the next take decides: its wait is over if there is nothing
	leaving bool  // its wait is over, and a take for it is in flight
	why     error // is its error then, if the take brings nothing
	values  []string
	err     error
	trouble error // of its line, when it left
	done    chan struct{}
}

func isLeaving(r *receiver) bool { return r.leaving }

// errLeft ends a receiver that was leaving, with nothing.
var errLeft = errors.New("left")
