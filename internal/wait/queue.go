package wait

import (
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
)

// Source describes what receivers wait for: the structure that holds the values, the key that
// wakes receivers, and the scripts that take and requeue values.
type Source struct {
	Values string // the object's key
	Wake   string // list of at most one token; on a cluster a channel

	owner    string // the object in whose slot the waiter places its own key
	keys     []string
	take     *script.Script
	giveBack *script.Script
	life     time.Duration // expiry of requeued values; 0 for none
}

// NewSource returns a source with its own scripts. Both scripts get keys as KEYS.
//
// take gets ARGV[1] the largest number of values, ARGV[2] [Flag], and ARGV[3] the life of a
// token in ms. It pops last, and replies {state, value...}. The state is 0 for open, 1 if more
// values are there, and 2 for closed and empty.
//
// giveBack gets ARGV[1] Flag, ARGV[2] the life of a token, ARGV[3] "0", and ARGV[4..] the values
// that take has returned, in that order.
func NewSource(values, wake string, take, giveBack *script.Script, keys ...string) Source {
	return Source{Values: values, Wake: wake, owner: values, keys: keys, take: take, giveBack: giveBack}
}

// OwnedBy returns the source as one of many short-lived sources of the object called name,
// which is in the same slot. These sources share one interrupt key.
func (s Source) OwnedBy(name string) Source {
	s.owner = name
	return s
}

// place identifies a source. Two sources may take from one key with different scripts.
type place struct {
	values string
	take   *script.Script
}

func (s Source) place() place { return place{s.Values, s.take} }

// Keys returns the keys of the source's scripts.
func (s Source) Keys() []string { return s.keys }

// List is the source of a list that can be closed, and at which senders can wait for room.
type List struct {
	Source
	Closed  string // key of the mark that the list is closed
	Senders string // key that is set while senders wait for room
	Room    string // list of at most one value, which wakes one waiting sender
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

// WaitingRoom returns the source at which senders wait for room.
func (l List) WaitingRoom() Source {
	room := ListOf(l.Room).Source
	room.life = TokenLife
	return room
}

// waitQueue is the wait queue of one source. The mutex of its loop guards it.
type waitQueue struct {
	source   Source
	waiting  []*receiver // first come, first served
	buffered []string    // taken values that have no receiver yet, in order
	dirty    bool        // values may be available now
	moving   bool        // its slot has moved; it is moving to another loop
	taking   bool        // a take is in flight
	after    time.Time   // when to try again to requeue buffered
	trouble  error       // why the server did not serve it last, or nil
}

// wanted returns how many values the receivers can use.
func (l *waitQueue) wanted() int {
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

// serve gives values to the receivers in order. Receivers that are leaving come last. The
// remaining values are buffered.
func (l *waitQueue) serve(values []string) {
	l.buffered = append(l.buffered, values...)
	for len(l.buffered) > 0 && len(l.waiting) > 0 {
		r := l.next()
		n := min(r.max, len(l.buffered))
		r.values = append([]string(nil), l.buffered[:n]...)
		l.buffered = l.buffered[n:]
		close(r.done)
	}
}

// next removes and returns the receiver that is served next.
func (l *waitQueue) next() *receiver {
	i := slices.IndexFunc(l.waiting, func(r *receiver) bool { return !r.leaving })
	if i <= 0 { // the first one, or all are leaving
		r := l.waiting[0]
		l.waiting = l.waiting[1:]
		return r
	}
	r := l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return r
}

// shut ends the waits of all receivers with err. If a take is in flight, they wait for it as
// receivers do whose context ends.
func (l *waitQueue) shut(err error) {
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

// urgent reports whether a receiver is leaving, or came after the last take.
func (l *waitQueue) urgent() bool {
	return l.dirty && len(l.waiting) > 0 || slices.ContainsFunc(l.waiting, isLeaving)
}

// settled records that no take is in flight, and ends the receivers that were waiting for that
// to leave.
func (l *waitQueue) settled() {
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

// fail ends the waits of all receivers with err.
func (l *waitQueue) fail(err error) {
	for _, r := range l.waiting {
		r.err = err
		close(r.done)
	}
	l.waiting = nil
}

// leave removes a receiver and reports whether it was still waiting.
func (l *waitQueue) leave(r *receiver) bool {
	for i, w := range l.waiting {
		if w == r {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			r.trouble = l.trouble
			return true
		}
	}
	return false
}

// lasts returns the receivers whose wait ends with the next take.
func (l *waitQueue) lasts() (rs []*receiver) {
	for _, r := range l.waiting {
		if r.last {
			rs = append(rs, r)
		}
	}
	return rs
}

// end ends the waits of receivers with ErrIdle.
func (l *waitQueue) end(rs []*receiver) {
	for _, r := range rs {
		if l.leave(r) {
			r.err = ErrIdle
			close(r.done)
		}
	}
}

// receiver is one waiting call. values and err are set before done is closed.
type receiver struct {
	max     int   // the largest number of values
	last    bool  // its wait ends with the next take
	leaving bool  // its context has ended, and a take is in flight
	why     error // its error if it is leaving and the take returns nothing
	values  []string
	err     error
	trouble error // the trouble of its queue when it left
	done    chan struct{}
}

func isLeaving(r *receiver) bool { return r.leaving }

// errLeft is the error of a leaving receiver that gets no value.
var errLeft = errors.New("left")
