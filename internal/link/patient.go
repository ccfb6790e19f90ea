package link

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// patientConn is a connection whose read deadlines measure silence, not the length of a
// reply: while bytes arrive, a deadline is set anew, as far ahead as it was set before. When
// it has expired, the connection is read once more, since a process that stood still finds
// what has arrived meanwhile only after its timers.
type patientConn struct {
	net.Conn
	heard atomic.Int64 // when bytes arrived last, as time since start
	last  atomic.Int64 // what every deadline allows, instead of what it says; 0 for that

	mu      sync.Mutex
	allowed time.Duration // silence; 0 without a deadline, negative for one in the past
	until   time.Time
}

// moment is how long the last read takes at least.
const moment = 10 * time.Millisecond

// patient returns c as a patientConn and as what go-redis asks whether it is still open.
func patient(c net.Conn) (*patientConn, net.Conn) {
	p := &patientConn{Conn: c}
	if raw, ok := c.(syscall.Conn); ok {
		return p, struct {
			*patientConn
			syscall.Conn
		}{p, raw}
	}
	return p, p
}

// NetConn returns the connection below, as that of TLS does.
func (c *patientConn) NetConn() net.Conn { return c.Conn }

func (c *patientConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetReadDeadline(c.note(t))
}

func (c *patientConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(t)
	return c.Conn.SetDeadline(t)
}

// note returns the deadline that is to be set. The lock is held.
func (c *patientConn) note(t time.Time) time.Time {
	c.until, c.allowed = t, 0
	if t.IsZero() {
		return t
	}
	c.allowed = time.Until(t)
	if last := time.Duration(c.last.Load()); last > 0 && c.allowed > 0 {
		c.until, c.allowed = time.Now().Add(last), last
	}
	return c.until
}

func (c *patientConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.extend() {
		n, err = c.Conn.Read(b)
	}
	if n > 0 {
		c.renew()
	}
	return n, err
}

// extend lets a connection be read once more after its deadline, for as long as the process is
// late. It reports false where the deadline was set to end a read at once.
func (c *patientConn) extend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed <= 0 {
		return false
	}
	late := min(max(time.Since(c.until), moment), c.allowed)
	return c.Conn.SetReadDeadline(time.Now().Add(late)) == nil
}

// renew notes that bytes have arrived, and sets the deadline anew if that was set long ago.
func (c *patientConn) renew() {
	now := time.Now()
	c.heard.Store(int64(now.Sub(start)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed > 0 && c.until.Sub(now) < c.allowed-slack {
		c.until = now.Add(c.allowed)
		_ = c.Conn.SetReadDeadline(c.until) // a connection that is closed says so when it is read
	}
}

var start = time.Now()

// patiently makes the dialer of o one of patient connections, and tells of each.
func patiently(o *redis.Options, dialed func(*patientConn)) {
	dial := o.Dialer
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		p, c := patient(c)
		if dialed != nil {
			dialed(p)
		}
		return c, nil
	}
}

// longest is what silence is allowed where the user's client has no read timeout.
const longest = time.Minute

// Patience returns how long a connection to node may be silent: never less than a command of
// the user's own may be, and at least that long.
func Patience(node *redis.Client, least time.Duration) time.Duration {
	if own := node.Options().ReadTimeout; own > 0 {
		return max(least, own)
	}
	return max(least, longest)
}
