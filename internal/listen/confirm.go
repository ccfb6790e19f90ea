package listen

import (
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/send"
)

const (
	firstLimit = time.Second     // for the confirmation of a subscription; doubles
	lastLimit  = 8 * time.Second // and no more than that
)

// errUnconfirmed is why a connection on which nothing is received yet is given up.
var errUnconfirmed = send.Fault(send.ErrUnavailable, errors.New("the server does not confirm a subscription"))

// confirm looks whether orders are confirmed. The link's goroutine has it.
type confirm struct {
	limit time.Duration // how long the connection may be silent meanwhile
	timer *time.Timer
	armed time.Time // zero while the timer is not set
}

func newConfirm(limit time.Duration) confirm {
	timer := time.NewTimer(limit)
	timer.Stop()
	return confirm{limit: limit, timer: timer}
}

// arm sets the timer, if something is to be confirmed and it is not set.
func (f *confirm) arm(pending bool) {
	if pending && f.armed.IsZero() {
		f.armed = time.Now()
		f.timer.Reset(f.limit)
	}
}

// unconfirmed looks whether the connection was silent for too long while an order was to be
// confirmed. One on which nobody receives yet is given up then. One on which somebody does is
// probed at once, since to give it up is a gap: a server that stands still says nothing on
// any connection. If the probe comes back, and the confirmation before it has not, that is lost.
func (c *conn) unconfirmed() (probe bool, err error) {
	f := &c.confirm
	late := time.Since(f.armed) > f.limit+f.limit/4 // so are the reader's goroutine and its bytes
	f.armed = time.Time{}
	l := c.link.l
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(c.sent) == 0:
		return false, nil
	case c.probe.back.After(c.sent[0].at.Add(f.limit)):
		return false, errUnconfirmed
	case late, c.silent(c.sent[0].at) < f.limit:
		f.arm(true)
		return false, nil
	}
	for _, rt := range c.link.routes {
		if rt.confirmed && slices.ContainsFunc(rt.subs, func(s *Sub) bool { return s.live }) {
			f.arm(true)
			return true, nil
		}
	}
	return false, errUnconfirmed
}

// silent returns for how long the connection has been silent since a moment.
func (c *conn) silent(since time.Time) time.Duration {
	if c.busy.Load() {
		return 0
	}
	return min(time.Since(since), time.Since(time.Unix(0, c.heard.Load())))
}
