package listen

import (
	"sync/atomic"
	"time"
)

// patience is how long one message may wait for subscribers with the policy
// Block: BlockLimit for all of them together.
type patience struct {
	until  time.Time
	spent  *atomic.Int64 // by the connection in such waits, in nanoseconds
	hangup <-chan struct{}
}

// wait waits until the subscriber has taken something, or has ended, and
// reports whether it was in time.
func (p *patience) wait(s *Sub) bool {
	began := time.Now()
	if p.until.IsZero() {
		p.until = began.Add(BlockLimit)
	}
	defer func() { p.spent.Add(int64(time.Since(began))) }()
	timer := time.NewTimer(time.Until(p.until))
	defer timer.Stop()
	select {
	case <-s.room:
		return true
	case <-s.done:
		return true
	case <-timer.C:
		return false
	case <-p.hangup:
		return false
	}
}
