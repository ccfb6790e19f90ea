// Package clock computes the time of a server from its last reply that contained it, and
// from this process's monotonic clock. The date of the machine is never used.
package clock

import (
	"sync"
	"time"
)

// Clock is what a process knows of a server's clock. The zero Clock knows nothing.
type Clock struct {
	mu     sync.Mutex
	millis int64 // the server's time at the moment at, in ms
	at     time.Time
}

// maxAge is how long a reading counts as recent.
const maxAge = 10 * time.Minute

// Set records the server's time, which a reply that has just arrived contains.
func (c *Clock) Set(millis int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.millis, c.at = millis, time.Now()
}

// Fresh reports whether the time is known and recent.
func (c *Clock) Fresh() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.at.IsZero() && time.Since(c.at) < maxAge
}

// ToServer converts a local time to the server's time in ms. If the server's time is
// unknown, it returns a time long ago.
func (c *Clock) ToServer(t time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return 0
	}
	return c.millis + t.Sub(c.at).Milliseconds()
}

// ToLocal converts a server's time in ms to a local time, at most a year away.
func (c *Clock) ToLocal(millis int64) time.Time {
	const limit = int64(365 * 24 * time.Hour / time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Duration(min(max(millis-c.millis, -limit), limit)) * time.Millisecond)
}
