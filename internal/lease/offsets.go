package lease

import (
	"sync"
	"time"
)

// offsets records how the clocks of servers differ from the local monotonic clock.
type offsets struct {
	mu     sync.Mutex
	byNode map[string]offset
}

// offset is a difference, which one reply with the server's time narrows to an interval: the
// server read its clock after the request was sent, and before the reply arrived.
type offset struct{ least, most time.Duration }

// record records the time of a node, in ms, in the reply to a request that was sent at the
// time sent. It returns by how much the difference has changed for certain since the last
// reply.
func (o *offsets) record(node string, millis int64, sent time.Time) (moved time.Duration) {
	server := time.Duration(millis) * time.Millisecond
	now := offset{server - time.Since(start), server + time.Millisecond - sent.Sub(start)}
	o.mu.Lock()
	defer o.mu.Unlock()
	old, known := o.byNode[node]
	if o.byNode == nil {
		o.byNode = map[string]offset{}
	}
	o.byNode[node] = now
	switch {
	case known && now.least > old.most:
		return now.least - old.most
	case known && now.most < old.least:
		return now.most - old.least
	}
	return 0
}
