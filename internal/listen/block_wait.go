package listen

import (
	"sync/atomic"
	"time"
)

// blockWait limits how long one message waits for subscribers with the policy Block: BlockLimit
// for all of them together.
type blockWait struct {
	until  time.Time
	spent  *atomic.Int64 // total time of such waits on the connection, in nanoseconds
	hangup <-chan struct{}
}

// wait waits until the subscriber has taken an item or has ended. It reports false if that
// takes too long or the connection closes.
func (p *blockWait) wait(s *Sub) bool {
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
