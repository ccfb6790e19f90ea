package listen

import (
	"context"
	"testing"
)

// TestInquireOfABrokenConnection asks for a mark over a connection that has ended before its
// subscriptions are marked as lost. The known numbers must be kept, otherwise the number of
// missed messages would be unknown.
func TestInquireOfABrokenConnection(t *testing.T) {
	c := &conn{manager: &manager{l: &Listener{}}, over: make(chan struct{})}
	close(c.over)
	w := &watch{done: make(chan struct{})}
	s := &Sub{sync: func(context.Context, string) error { return nil }}
	known := track{known: true, epoch: "e", last: 7, broke: true}
	sn := &subscription{manager: c.manager, watch: w, subs: []*Sub{s}, confirmed: true, track: known}
	c.inquire(sn, w, s.sync, "mark")
	if sn.track != known || sn.blind || sn.watch != w {
		t.Errorf("after the end of the connection the subscription has %+v, blind: %t", sn.track, sn.blind)
	}
}
