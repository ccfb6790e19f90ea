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
	slotMoved bool // the node does not have the slot; its new node has to be found

	seq            sequence     // follows the numbers of the messages
	runID          string       // run ID of the server process that counted them, by the last barrier
	synced         bool         // a barrier has arrived on the current connection, or none will
	needsBarrier   bool         // a barrier has to be requested
	barrierFailed  bool         // no barrier could be requested
	barrierErr     error        // why no barrier could be requested so far, or nil
	pendingBarrier *barrierWait // the pending request, or nil
}

// barrierWait is one pending request for a barrier.
type barrierWait struct{ done chan struct{} }

// numbered reports whether a subscriber uses the numbers.
func (sn *subscription) numbered() bool {
	return sn.kind != Pattern && slices.ContainsFunc(sn.subs, func(s *Sub) bool { return s.publishBarrier != nil })
}

// wantsBarrier reports whether the next number is not known, a subscriber needs it, and no
// request is pending.
func (sn *subscription) wantsBarrier() bool {
	return sn.numbered() && (!sn.seq.known || sn.seq.interrupted || !sn.synced) && sn.pendingBarrier == nil
}

// startSubs makes Subscribe return for the subscribers whose subscription is complete.
func (sn *subscription) startSubs() {
	if !sn.confirmed {
		return
	}
	for _, s := range sn.subs {
		if !s.live && (s.publishBarrier == nil || sn.kind == Pattern || sn.seq.known && !sn.seq.interrupted || sn.barrierFailed) {
			s.setLive()
		}
	}
}

// addGap reports an unknown number of missed messages: with numbered, to the subscribers that
// use numbers, otherwise to the others.
func (sn *subscription) addGap(numbered bool) {
	for _, s := range sn.subs {
		if s.live && (s.publishBarrier == nil || sn.kind == Pattern) != numbered {
			s.gap(-1)
		}
	}
}

// addMissed reports n missed messages to the subscribers that use numbers.
func (sn *subscription) addMissed(n int64) {
	if n == 0 {
		return
	}
	for _, s := range sn.subs {
		if s.live && s.publishBarrier != nil {
			s.gap(n)
		}
	}
}

// merge takes over the subscribers of another subscription to the same channel. Messages that
// arrived before that were missed by them.
func (sn *subscription) merge(other *subscription) {
	if sn.confirmed && other.lost {
		if !other.reported {
			other.addGap(false)
		}
		other.addGap(true)
	} else {
		sn.lost = sn.lost || other.lost
	}
	for _, s := range other.subs {
		s.subscription = sn
	}
	sn.subs = slices.Concat(sn.subs, other.subs) // the reader may be using the old slice
	sn.needsBarrier = sn.needsBarrier || sn.confirmed && sn.wantsBarrier()
	sn.startSubs()
}

// confirm records that the server has confirmed the subscription. Messages published since an
// earlier connection broke were missed.
func (sn *subscription) confirm() {
	if sn.lost {
		sn.addGap(false)
		if !sn.seq.known {
			sn.addGap(true)
		}
	}
	sn.confirmed, sn.lost, sn.reported = true, false, false
	sn.barrierFailed = false
	sn.needsBarrier = sn.wantsBarrier()
	sn.startSubs()
}

// markLost records that the subscription has ended.
func (sn *subscription) markLost() {
	if sn.confirmed {
		sn.confirmed, sn.lost = false, true
		sn.seq.interrupted = true
	}
	sn.pendingBarrier, sn.needsBarrier, sn.synced = nil, false, false
}

// reportGap reports the gap before the subscription is confirmed again, which may take long.
// Subscribers that use numbers get it only after a silent connection, which is detected late;
// the exact number follows.
func (sn *subscription) reportGap(silent bool) {
	if sn.lost && !sn.reported {
		sn.reported = true
		sn.addGap(false)
		if silent {
			sn.addGap(true)
		}
	}
}

// handleBarrier handles a barrier: the number of the last message that can have arrived here.
// If the barrier comes from another server process, that process may have started with an
// older counter, so that the numbers do not show what was missed in between. Subscribers then
// also get a gap of an unknown number.
func (sn *subscription) handleBarrier(m barrier) {
	if !sn.confirmed {
		return
	}
	sn.addMissed(sn.seq.observeBarrier(m.epoch, m.n))
	if m.runID != "" && m.runID != sn.runID {
		if sn.runID != "" {
			sn.addMissed(-1)
		}
		sn.runID = strings.Clone(m.runID)
	}
	sn.synced = true
	sn.numberKnown()
}

// stopCounting stops counting messages. Subscribers go on without numbers. If publishers
// cannot count either, or a hook has panicked, new subscribers fail.
func (sn *subscription) stopCounting(err error) {
	if sn.seq.interrupted && sn.seq.known {
		sn.addMissed(-1)
	}
	sn.seq, sn.runID, sn.synced = sequence{}, "", true
	if errors.Is(err, send.ErrWrongType) || errors.Is(err, send.ErrHookPanic) {
		sn.failNew(err)
	} else {
		sn.barrierFailed = true
	}
	sn.numberKnown()
}

// failNew fails the subscribers that use numbers and are not live yet.
func (sn *subscription) failNew(err error) {
	for _, s := range sn.subs {
		if !s.live && s.publishBarrier != nil {
			sn.remove(s)
			s.fail(err)
		}
	}
	sn.manager.notify()
}

// numberKnown records that the next number is known. The subscription still waits for a
// barrier, which holds the run ID of the server process.
func (sn *subscription) numberKnown() {
	if sn.synced {
		if sn.pendingBarrier != nil {
			close(sn.pendingBarrier.done)
			sn.pendingBarrier = nil
		}
		sn.needsBarrier = false
	}
	sn.startSubs()
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
