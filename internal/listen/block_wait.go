package listen

import (
	"sync/atomic"
	"time"
)

// blockWait limits how long one message waits for subscribers with the policy Block:
// BlockLimit for all of them together.
type blockWait struct {
	deadline time.Time
	total    *atomic.Int64 // total time of such waits on the connection, in nanoseconds
	closing  <-chan struct{}
}

// wait waits until the subscriber has taken an item or has ended. It reports false if that
// takes too long or the connection closes.
func (w *blockWait) wait(s *Sub) bool {
	start := time.Now()
	if w.deadline.IsZero() {
		w.deadline = start.Add(BlockLimit)
	}
	defer func() { w.total.Add(int64(time.Since(start))) }()
	timer := time.NewTimer(time.Until(w.deadline))
	defer timer.Stop()
	select {
	case <-s.room:
		return true
	case <-s.done:
		return true
	case <-timer.C:
		return false
	case <-w.closing:
		return false
	}
}
