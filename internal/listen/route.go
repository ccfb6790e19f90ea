package listen

import (
	"errors"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/send"
)

// route is one subscription at a server with the subscribers that share it. The listener's
// mutex guards it.
type route struct {
	wire
	link *link
	subs []*Sub // replaced, never modified

	confirmed bool // on the current connection
	lost      bool // it was confirmed on an earlier connection, and not since
	told      bool // the gap was reported before it was confirmed again
	away      bool // the node does not have the slot; its new node has to be found

	track track  // follows the numbers of the messages
	run   string // run ID of the server process that counted them, by the last mark
	known bool   // a mark has arrived on the current connection, or none will
	ask   bool   // the number has to be asked for
	blind bool   // asking failed
	why   error  // why asking has failed so far, or nil
	watch *watch // the pending question, or nil
}

// watch is one pending question for the counter's number.
type watch struct{ done chan struct{} }

// numbered reports whether a subscriber of this route uses the numbers.
func (rt *route) numbered() bool {
	return rt.kind != Pattern && slices.ContainsFunc(rt.subs, func(s *Sub) bool { return s.sync != nil })
}

// unsure reports whether the next number is not known, a subscriber needs it, and no question
// is pending.
func (rt *route) unsure() bool {
	return rt.numbered() && (!rt.track.known || rt.track.broke || !rt.known) && rt.watch == nil
}

// settle makes Subscribe return for the subscribers whose subscription is complete.
func (rt *route) settle() {
	if !rt.confirmed {
		return
	}
	for _, s := range rt.subs {
		if !s.live && (s.sync == nil || rt.kind == Pattern || rt.track.known && !rt.track.broke || rt.blind) {
			s.live = true
			close(s.started)
		}
	}
}

// gap reports an unknown number of missed messages: with numbered, to the subscribers that use
// numbers, otherwise to the others.
func (rt *route) gap(numbered bool) {
	for _, s := range rt.subs {
		if s.live && (s.sync == nil || rt.kind == Pattern) != numbered {
			s.gap(-1)
		}
	}
}

// missed reports n missed messages to the subscribers that use numbers.
func (rt *route) missed(n int64) {
	if n == 0 {
		return
	}
	for _, s := range rt.subs {
		if s.live && s.sync != nil {
			s.gap(n)
		}
	}
}

// confirm records that the server has confirmed the subscription. Messages published since an
// earlier connection broke were missed.
func (rt *route) confirm() {
	if rt.lost {
		rt.gap(false)
		if !rt.track.known {
			rt.gap(true)
		}
	}
	rt.confirmed, rt.lost, rt.told = true, false, false
	rt.blind = false
	rt.ask = rt.unsure()
	rt.settle()
}

// lose records that the subscription has ended.
func (rt *route) lose() {
	if rt.confirmed {
		rt.confirmed, rt.lost = false, true
		rt.track.broke = true
	}
	rt.watch, rt.ask, rt.known = nil, false, false
}

// tell reports the gap before the subscription is confirmed again, which may take long.
// Subscribers that use numbers get it only after a silent connection, which is detected late;
// the exact number follows.
func (rt *route) tell(silent bool) {
	if rt.lost && !rt.told {
		rt.told = true
		rt.gap(false)
		if silent {
			rt.gap(true)
		}
	}
}

// marked handles a mark: the number of the last message that can have arrived here. If the mark
// comes from another server process, that process may have started with an older counter, so
// that the numbers do not show what was missed in between. Subscribers then also get a gap of
// an unknown number.
func (rt *route) marked(m mark) {
	if !rt.confirmed {
		return
	}
	rt.missed(rt.track.mark(m.epoch, m.n))
	if m.run != "" && m.run != rt.run {
		if rt.run != "" {
			rt.missed(-1)
		}
		rt.run = strings.Clone(m.run)
	}
	rt.known = true
	rt.sure()
}

// lostCount stops asking for the number. Subscribers go on without it. If publishers cannot
// count either, or a hook has panicked, new subscribers fail.
func (rt *route) lostCount(err error) {
	if rt.track.broke && rt.track.known {
		rt.missed(-1)
	}
	rt.track, rt.run, rt.known = track{}, "", true
	if errors.Is(err, send.ErrWrongType) || errors.Is(err, send.ErrHook) {
		rt.failNew(err)
	} else {
		rt.blind = true
	}
	rt.sure()
}

// failNew fails the subscribers that use numbers and are not live yet.
func (rt *route) failNew(err error) {
	for _, s := range rt.subs {
		if !s.live && s.sync != nil {
			rt.remove(s)
			s.fail(err)
		}
	}
	rt.link.ring()
}

// sure records that the next number is known. The route still waits for a mark, which holds the
// run ID of the server process.
func (rt *route) sure() {
	if rt.known {
		if rt.watch != nil {
			close(rt.watch.done)
			rt.watch = nil
		}
		rt.ask = false
	}
	rt.settle()
}

// remove removes a subscriber, and with the last one the route.
func (rt *route) remove(s *Sub) {
	i := slices.Index(rt.subs, s)
	if i < 0 {
		return
	}
	rt.subs = slices.Concat(rt.subs[:i], rt.subs[i+1:])
	if len(rt.subs) == 0 && rt.link.routes[rt.wire] == rt {
		delete(rt.link.routes, rt.wire)
	}
}

// fail ends all subscribers with err.
func (rt *route) fail(err error) {
	for _, s := range rt.subs {
		rt.remove(s)
		s.fail(err)
	}
}
