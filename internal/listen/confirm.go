package listen

import (
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir/internal/send"
)

const (
	minConfirmLimit = time.Second     // first time limit for the confirmation of a subscription; doubles
	maxConfirmLimit = 8 * time.Second // largest time limit
)

// errUnconfirmed is the reason for closing a connection with an unconfirmed subscription.
var errUnconfirmed = send.WithClass(send.ErrUnavailable, errors.New("the server does not confirm a subscription"))

// confirmTimer checks that commands are confirmed in time. Only the manager's goroutine uses
// it.
type confirmTimer struct {
	limit   time.Duration // how long the connection may be silent while a command is unconfirmed
	timer   *time.Timer
	armedAt time.Time // when the timer was set; zero while it is not set
}

func newConfirmTimer(limit time.Duration) confirmTimer {
	timer := time.NewTimer(limit)
	timer.Stop()
	return confirmTimer{limit: limit, timer: timer}
}

// arm sets the timer if commands are pending and it is not set yet.
func (t *confirmTimer) arm(pending bool) {
	if pending && t.armedAt.IsZero() {
		t.armedAt = time.Now()
		t.timer.Reset(t.limit)
	}
}

// checkUnconfirmed checks whether the connection was silent for too long while a command was
// pending. If so, and no subscriber with a backlog is live on the connection, it returns
// errUnconfirmed.
//
// If there is one, replacing the connection would be a gap, and a server that stands still
// would not reply on any connection. So checkUnconfirmed then requests a probe. If the probe
// arrives before the older confirmation, the confirmation is lost, and the next call returns
// errUnconfirmed.
func (c *conn) checkUnconfirmed() (needsProbe bool, err error) {
	t := &c.confirmTimer
	delayed := time.Since(t.armedAt) > t.limit+t.limit/4 // this process was slow, and its reader may be, too
	t.armedAt = time.Time{}
	l := c.manager.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(c.pending) == 0:
		return false, nil
	case c.probe.lastArrival.After(c.pending[0].sentAt.Add(t.limit)):
		return false, errUnconfirmed
	case delayed, c.silent(c.pending[0].sentAt) < t.limit:
		t.arm(true)
		return false, nil
	}
	for _, sn := range c.manager.subscriptions {
		if sn.confirmed && slices.ContainsFunc(sn.subs, func(s *Sub) bool { return s.live && s.notify == nil }) {
			t.arm(true)
			return true, nil
		}
	}
	return false, errUnconfirmed
}

// silent returns how long the connection has been silent, counted from since at the earliest.
func (c *conn) silent(since time.Time) time.Duration {
	if c.delivering.Load() {
		return 0
	}
	return min(time.Since(since), time.Since(time.Unix(0, c.lastReceived.Load())))
}
