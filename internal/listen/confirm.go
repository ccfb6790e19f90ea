package listen

import (
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/send"
)

const (
	firstLimit = time.Second     // first time limit for the confirmation of a subscription; doubles
	lastLimit  = 8 * time.Second // largest time limit
)

// errUnconfirmed is the reason for closing a connection with an unconfirmed subscription.
var errUnconfirmed = send.WithClass(send.ErrUnavailable, errors.New("the server does not confirm a subscription"))

// confirm checks that orders are confirmed in time. Only the manager's goroutine uses it.
type confirm struct {
	limit time.Duration // how long the connection may be silent while an order is unconfirmed
	timer *time.Timer
	armed time.Time // when the timer was set; zero while it is not set
}

func newConfirm(limit time.Duration) confirm {
	timer := time.NewTimer(limit)
	timer.Stop()
	return confirm{limit: limit, timer: timer}
}

// arm sets the timer if orders are pending and it is not set yet.
func (f *confirm) arm(pending bool) {
	if pending && f.armed.IsZero() {
		f.armed = time.Now()
		f.timer.Reset(f.limit)
	}
}

// unconfirmed checks whether the connection was silent for too long while an order was
// pending. If so, and no subscriber is live on the connection, it returns errUnconfirmed.
//
// If a subscriber is live, replacing the connection would be a gap, and a server that stands
// still would not reply on any connection. So unconfirmed then asks for a probe. If the probe
// arrives before the older confirmation, the confirmation is lost, and the next call returns
// errUnconfirmed.
func (c *conn) unconfirmed() (probe bool, err error) {
	f := &c.confirm
	late := time.Since(f.armed) > f.limit+f.limit/4 // this process was slow, and its reader may be, too
	f.armed = time.Time{}
	l := c.manager.l
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
	for _, sn := range c.manager.subscriptions {
		if sn.confirmed && slices.ContainsFunc(sn.subs, func(s *Sub) bool { return s.live }) {
			f.arm(true)
			return true, nil
		}
	}
	return false, errUnconfirmed
}

// silent returns how long the connection has been silent, counted from since at the earliest.
func (c *conn) silent(since time.Time) time.Duration {
	if c.busy.Load() {
		return 0
	}
	return min(time.Since(since), time.Since(time.Unix(0, c.heard.Load())))
}
