package listen

import (
	"context"
	"testing"
)

// TestBarrierOfBrokenConnection requests a barrier over a connection that has ended before its
// subscriptions are marked as lost. The known numbers must be kept, otherwise the number of
// missed messages would be unknown.
func TestBarrierOfBrokenConnection(t *testing.T) {
	c := &conn{manager: &manager{listener: &Listener{}}, readDone: make(chan struct{})}
	close(c.readDone)
	w := &barrierWait{done: make(chan struct{})}
	s := &Sub{publishBarrier: func(context.Context, string) error { return nil }}
	seq := sequence{known: true, epoch: "e", last: 7, interrupted: true}
	sn := &subscription{manager: c.manager, pendingBarrier: w, subs: []*Sub{s}, confirmed: true, seq: seq}
	c.awaitBarrier(sn, w, s.publishBarrier, "mark")
	if sn.seq != seq || sn.barrierFailed || sn.pendingBarrier != w {
		t.Errorf("after the end of the connection the subscription has %+v, blind: %t", sn.seq, sn.barrierFailed)
	}
}
