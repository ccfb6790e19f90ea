package wire

import (
	"sync"
	"time"
)

// Clock is the server's clock: its last known time, advanced by the local monotonic
// clock.
type Clock struct {
	mu           sync.Mutex
	serverMillis int64 // server's time at the moment at, in ms
	at           time.Time
	known        bool
}

const clockMaxAge = 10 * time.Minute // then the time is read again

// Set records the server's time. It was read just before.
func (c *Clock) Set(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serverMillis, c.at, c.known = ms, time.Now(), true
}

// IsFresh reports whether the time is known and recent.
func (c *Clock) IsFresh() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known && time.Since(c.at) < clockMaxAge
}

// ToServer converts a local time to the server's time in ms.
func (c *Clock) ToServer(t time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serverMillis + t.Sub(c.at).Milliseconds()
}

// ToLocal converts a server's time in ms to a local time.
func (c *Clock) ToLocal(ms int64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	const limit = int64(365 * 24 * time.Hour / time.Millisecond)
	return c.at.Add(time.Duration(min(max(ms-c.serverMillis, -limit), limit)) * time.Millisecond)
}
