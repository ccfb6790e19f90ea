package listen

import (
	"errors"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/send"
)

// route is one subscription at a server and those who share it. The listener's
// mutex guards it.
type route struct {
	wire
	link *link
	subs []*Sub // replaced, never changed

	confirmed bool // on the connection of now
	lost      bool // was confirmed on an earlier one and not since
	told      bool // that it is lost, before it is confirmed again
	away      bool // this node has not got the slot; look for it first

	track track  // of the numbers that messages carry
	run   string // of the server's process that counted them, as the last mark says
	known bool   // a mark has come on the connection of now, or none is to come
	ask   bool   // the counter has to be asked where it is
	blind bool   // that did not work
	why   error  // it has not worked so far
	watch *watch
}

// watch is one question for the counter's number.
type watch struct{ done chan struct{} }

// numbered reports whether a subscriber here expects numbers that are counted.
func (rt *route) numbered() bool {
	return rt.kind != Pattern && slices.ContainsFunc(rt.subs, func(s *Sub) bool { return s.sync != nil })
}

// unsure reports whether the next number is not known and somebody wants it.
func (rt *route) unsure() bool {
	return rt.numbered() && (!rt.track.known || rt.track.broke || !rt.known) && rt.watch == nil
}

// settle lets Subscribe return for those whose subscription holds.
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

// gap tells subscribers that it is not known what they missed; the numbered
// ones only if no number will tell them.
func (rt *route) gap(numbered bool) {
	for _, s := range rt.subs {
		if s.live && (s.sync == nil || rt.kind == Pattern) != numbered {
			s.gap(-1)
		}
	}
}

// missed tells the numbered ones what the numbers say.
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

// confirm notes that the server has the subscription now. What was published
// since an earlier one broke is missed.
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

// lose notes that the subscription is gone.
func (rt *route) lose() {
	if rt.confirmed {
		rt.confirmed, rt.lost = false, true
		rt.track.broke = true
	}
	rt.watch, rt.ask, rt.known = nil, false, false
}

// tell tells of the loss before it is made good: that may take long. The numbered ones are
// told only of a silent connection, which was not found at once; their number follows.
func (rt *route) tell(silent bool) {
	if rt.lost && !rt.told {
		rt.told = true
		rt.gap(false)
		if silent {
			rt.gap(true)
		}
	}
}

// marked notes which number the counter had when everything before that had
// arrived here. Another process of the server may have begun with less than the one before
// had counted, so the numbers say nothing about what was missed in between.
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

// lostCount gives up asking for the number. Subscribers do without it, but for
// new ones where publishers cannot count either, or a hook has panicked.
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

// failNew ends the numbered subscribers that have not begun.
func (rt *route) failNew(err error) {
	for _, s := range rt.subs {
		if !s.live && s.sync != nil {
			rt.remove(s)
			s.fail(err)
		}
	}
	rt.link.ring()
}

// sure notes that the next number is known. A mark is waited for all the same, for the
// server's process.
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

// remove takes a subscriber out, and the route with the last one.
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

// fail ends all subscribers with an error.
func (rt *route) fail(err error) {
	for _, s := range rt.subs {
		rt.remove(s)
		s.fail(err)
	}
}
