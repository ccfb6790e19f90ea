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

	owner   string // the object in whose slot the waiter places its own key
	keys    []string
	take    *script.Script
	requeue *script.Script
	ttl     time.Duration // expiry of requeued values; 0 for none
	claims  bool          // each take is for one receiver, see NewClaims
	process string        // of claims: messages that name another process wake nobody here
}

// NewSource returns a source with its own scripts. Both scripts get keys as KEYS.
//
// take gets ARGV[1] the largest number of values, ARGV[2] [WakeMode], and ARGV[3] the expiry
// of a token in ms. It pops last, and replies {state, value...}. The state is 0 for open, 1
// if more values are there, and 2 for closed and empty.
//
// requeue gets ARGV[1] WakeMode, ARGV[2] the expiry of a token, ARGV[3] "0", and ARGV[4..]
// the values that take has returned, in that order.
func NewSource(values, wake string, take, requeue *script.Script, scriptKeys ...string) Source {
	return Source{Values: values, Wake: wake, owner: values, keys: scriptKeys, take: take, requeue: requeue}
}

// OwnedBy returns the source as one of many short-lived sources of the object called name,
// which is in the same slot. These sources share one interrupt key.
func (s Source) OwnedBy(name string) Source {
	s.owner = name
	return s
}

// sourceID identifies a source. Two sources may take from one key with different scripts or
// wake-ups.
type sourceID struct {
	values, wake string
	take         *script.Script
}

func (s Source) id() sourceID { return sourceID{s.Values, s.Wake, s.take} }

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
	q := List{
		Closed:  keys.Part(name, "closed"),
		Senders: keys.Part(name, "senders"),
		Room:    keys.Part(name, "room"),
	}
	wake := keys.Part(name, "wake")
	q.Source = NewSource(name, wake, takeScript, requeueScript,
		name, wake, q.Closed, q.Senders, q.Room, keys.Part(q.Room, "wake"))
	return q
}

// WaitingRoom returns the source at which senders wait for room.
func (q List) WaitingRoom() Source {
	room := ListOf(q.Room).Source
	room.ttl = TokenTTL
	return room
}

// waitQueue is the wait queue of one source. The mutex of its loop guards it.
type waitQueue struct {
	source       Source
	waiting      []*receiver // first come, first served
	buffered     []string    // taken values that have no receiver yet, in order
	dirty        bool        // values may be available now
	moving       bool        // its slot has moved; it is moving to another loop
	taking       bool        // a take is in flight
	requeueAfter time.Time   // when to try again to requeue buffered
	lastErr      error       // why the server did not serve it last, or nil
	due          time.Time   // when a take may succeed although nothing wakes it; zero if unknown
}

// wanted returns how many values the receivers can use.
func (q *waitQueue) wanted() int {
	n := 0
	for _, r := range q.waiting {
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
func (q *waitQueue) serve(values []string) {
	q.buffered = append(q.buffered, values...)
	for len(q.buffered) > 0 && len(q.waiting) > 0 {
		r := q.next()
		n := min(r.max, len(q.buffered))
		r.values = append([]string(nil), q.buffered[:n]...)
		q.buffered = q.buffered[n:]
		close(r.done)
	}
}

// next removes and returns the receiver that is served next.
func (q *waitQueue) next() *receiver {
	i := slices.IndexFunc(q.waiting, func(r *receiver) bool { return !r.leaving })
	if i <= 0 { // the first one, or all are leaving
		r := q.waiting[0]
		q.waiting = q.waiting[1:]
		return r
	}
	r := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return r
}

// end ends the waits of all receivers with err. If a take is in flight, they wait for it as
// receivers do whose context ends.
func (q *waitQueue) end(err error) {
	if !q.taking {
		q.fail(err)
		return
	}
	for _, r := range q.waiting {
		if !r.leaving {
			r.leaving, r.leaveErr = true, err
		}
	}
}

// urgent reports whether a receiver is leaving, or came after the last take.
func (q *waitQueue) urgent() bool {
	return q.dirty && len(q.waiting) > 0 || slices.ContainsFunc(q.waiting, isLeaving)
}

// takeEnded records that no take is in flight, and ends the receivers that were waiting for
// that to leave.
func (q *waitQueue) takeEnded() {
	q.taking = false
	if !slices.ContainsFunc(q.waiting, isLeaving) {
		return
	}
	for _, r := range slices.Clone(q.waiting) {
		if r.leaving && q.remove(r) {
			r.err = r.leaveErr
			close(r.done)
		}
	}
}

// fail ends the waits of all receivers with err.
func (q *waitQueue) fail(err error) {
	for _, r := range q.waiting {
		r.err = err
		close(r.done)
	}
	q.waiting = nil
}

// remove removes a receiver and reports whether it was still waiting.
func (q *waitQueue) remove(r *receiver) bool {
	for i, w := range q.waiting {
		if w == r {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			r.lastErr = q.lastErr
			return true
		}
	}
	return false
}

// expired returns the receivers whose wait ends with the next take.
func (q *waitQueue) expired() (rs []*receiver) {
	for _, r := range q.waiting {
		if r.expired {
			rs = append(rs, r)
		}
	}
	return rs
}

// endIdle ends the waits of receivers with ErrIdle.
func (q *waitQueue) endIdle(rs []*receiver) {
	for _, r := range rs {
		if q.remove(r) {
			r.err = ErrIdle
			close(r.done)
		}
	}
}

// receiver is one waiting call. values and err are set before done is closed.
type receiver struct {
	max      int // the largest number of values
	claim    Claimant
	due      time.Time // when a take for its claim may succeed, see Claim
	sent     time.Time // when the take of its claim was sent
	expired  bool      // its wait ends with the next take
	leaving  bool      // its context has ended, and a take is in flight
	leaveErr error     // its error if it is leaving and the take returns nothing
	values   []string
	err      error
	lastErr  error // the last error of its queue when it left
	done     chan struct{}
}

func isLeaving(r *receiver) bool { return r.leaving }

// errLeft is the error of a leaving receiver that gets no value.
var errLeft = errors.New("left")
