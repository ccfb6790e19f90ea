package listen

import (
	"context"
	"testing"
)

// TestInquireOfABrokenConnection asks for a mark over a connection that has ended before its
// routes are marked as lost: what the route knows of the numbers must stay, or the gap would
// be unknown.
func TestInquireOfABrokenConnection(t *testing.T) {
	c := &conn{link: &link{l: &Listener{}}, over: make(chan struct{})}
	close(c.over)
	w := &watch{done: make(chan struct{})}
	s := &Sub{sync: func(context.Context, string) error { return nil }}
	known := track{known: true, epoch: "e", last: 7, broke: true}
	rt := &route{link: c.link, watch: w, subs: []*Sub{s}, confirmed: true, track: known}
	c.inquire(rt, w, s.sync, "mark")
	if rt.track != known || rt.blind || rt.watch != w {
		t.Errorf("after the end of the connection the route has %+v, blind: %t", rt.track, rt.blind)
	}
}
