package listen

import (
	"errors"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/send"
)

// subscription is a subscription at a server with the subscribers that share it. The
// listener's mutex guards it.
type subscription struct {
	channel
	manager *manager
	subs    []*Sub // replaced, never modified

	confirmed bool // on the current connection
	lost      bool // it was confirmed on an earlier connection, and not since
	reported  bool // the gap was reported before it was confirmed again
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

// numbered reports whether a subscriber uses the numbers.
func (sn *subscription) numbered() bool {
	return sn.kind != Pattern && slices.ContainsFunc(sn.subs, func(s *Sub) bool { return s.sync != nil })
}

// unsure reports whether the next number is not known, a subscriber needs it, and no question
// is pending.
func (sn *subscription) unsure() bool {
	return sn.numbered() && (!sn.track.known || sn.track.broke || !sn.known) && sn.watch == nil
}

// settle makes Subscribe return for the subscribers whose subscription is complete.
func (sn *subscription) settle() {
	if !sn.confirmed {
		return
	}
	for _, s := range sn.subs {
		if !s.live && (s.sync == nil || sn.kind == Pattern || sn.track.known && !sn.track.broke || sn.blind) {
			s.live = true
			close(s.started)
		}
	}
}

// gap reports an unknown number of missed messages: with numbered, to the subscribers that use
// numbers, otherwise to the others.
func (sn *subscription) gap(numbered bool) {
	for _, s := range sn.subs {
		if s.live && (s.sync == nil || sn.kind == Pattern) != numbered {
			s.gap(-1)
		}
	}
}

// missed reports n missed messages to the subscribers that use numbers.
func (sn *subscription) missed(n int64) {
	if n == 0 {
		return
	}
	for _, s := range sn.subs {
		if s.live && s.sync != nil {
			s.gap(n)
		}
	}
}

// confirm records that the server has confirmed the subscription. Messages published since an
// earlier connection broke were missed.
func (sn *subscription) confirm() {
	if sn.lost {
		sn.gap(false)
		if !sn.track.known {
			sn.gap(true)
		}
	}
	sn.confirmed, sn.lost, sn.reported = true, false, false
	sn.blind = false
	sn.ask = sn.unsure()
	sn.settle()
}

// lose records that the subscription has ended.
func (sn *subscription) lose() {
	if sn.confirmed {
		sn.confirmed, sn.lost = false, true
		sn.track.broke = true
	}
	sn.watch, sn.ask, sn.known = nil, false, false
}

// reportGap reports the gap before the subscription is confirmed again, which may take long.
// Subscribers that use numbers get it only after a silent connection, which is detected late;
// the exact number follows.
func (sn *subscription) reportGap(silent bool) {
	if sn.lost && !sn.reported {
		sn.reported = true
		sn.gap(false)
		if silent {
			sn.gap(true)
		}
	}
}

// marked handles a mark: the number of the last message that can have arrived here. If the mark
// comes from another server process, that process may have started with an older counter, so
// that the numbers do not show what was missed in between. Subscribers then also get a gap of
// an unknown number.
func (sn *subscription) marked(m mark) {
	if !sn.confirmed {
		return
	}
	sn.missed(sn.track.mark(m.epoch, m.n))
	if m.run != "" && m.run != sn.run {
		if sn.run != "" {
			sn.missed(-1)
		}
		sn.run = strings.Clone(m.run)
	}
	sn.known = true
	sn.sure()
}

// lostCount stops asking for the number. Subscribers go on without it. If publishers cannot
// count either, or a hook has panicked, new subscribers fail.
func (sn *subscription) lostCount(err error) {
	if sn.track.broke && sn.track.known {
		sn.missed(-1)
	}
	sn.track, sn.run, sn.known = track{}, "", true
	if errors.Is(err, send.ErrWrongType) || errors.Is(err, send.ErrHookPanic) {
		sn.failNew(err)
	} else {
		sn.blind = true
	}
	sn.sure()
}

// failNew fails the subscribers that use numbers and are not live yet.
func (sn *subscription) failNew(err error) {
	for _, s := range sn.subs {
		if !s.live && s.sync != nil {
			sn.remove(s)
			s.fail(err)
		}
	}
	sn.manager.notify()
}

// sure records that the next number is known. The subscription still waits for a mark, which
// holds the run ID of the server process.
func (sn *subscription) sure() {
	if sn.known {
		if sn.watch != nil {
			close(sn.watch.done)
			sn.watch = nil
		}
		sn.ask = false
	}
	sn.settle()
}

// remove removes a subscriber, and with the last one the subscription.
func (sn *subscription) remove(s *Sub) {
	i := slices.Index(sn.subs, s)
	if i < 0 {
		return
	}
	sn.subs = slices.Concat(sn.subs[:i], sn.subs[i+1:])
	if len(sn.subs) == 0 && sn.manager.subscriptions[sn.channel] == sn {
		delete(sn.manager.subscriptions, sn.channel)
	}
}

// fail ends all subscribers with err.
func (sn *subscription) fail(err error) {
	for _, s := range sn.subs {
		sn.remove(s)
		s.fail(err)
	}
}
