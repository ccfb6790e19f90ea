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

// patientConn is a connection whose read deadlines limit silence and not the length of a
// reply. While bytes arrive, it extends the deadline by the same duration. When the
// deadline has expired, it reads once more: if the process was suspended, its timers run
// before it sees the bytes that have arrived.
type patientConn struct {
	net.Conn
	heard atomic.Int64 // when bytes last arrived, as time since start
	last  atomic.Int64 // duration that replaces every deadline; 0: none

	mu      sync.Mutex
	allowed time.Duration // allowed silence; 0: no deadline; negative: a deadline in the past
	until   time.Time
}

// moment is the minimum duration of the last read.
const moment = 10 * time.Millisecond

// patient wraps c. The second result also gives go-redis access to the raw connection,
// with which it checks whether the connection is open.
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

// NetConn returns the wrapped connection, as TLS connections do.
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

// note returns the deadline to set. c.mu must be held.
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

// extend permits one more read after the deadline, for as long as the process is late. It
// returns false if the deadline was set to end a read at once.
func (c *patientConn) extend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed <= 0 {
		return false
	}
	late := min(max(time.Since(c.until), moment), c.allowed)
	return c.Conn.SetReadDeadline(time.Now().Add(late)) == nil
}

// renew records that bytes have arrived. It extends the deadline unless that was done
// recently.
func (c *patientConn) renew() {
	now := time.Now()
	c.heard.Store(int64(now.Sub(start)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed > 0 && c.until.Sub(now) < c.allowed-slack {
		c.until = now.Add(c.allowed)
		_ = c.Conn.SetReadDeadline(c.until) // a later read reports a closed connection
	}
}

var start = time.Now()

// patiently makes the dialer of o return patient connections, and calls dialed for each.
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

// longest is the allowed silence if the user's client has no read timeout.
const longest = time.Minute

// Patience returns how long a connection to node may be silent: the read timeout of the
// user's client, but at least least.
func Patience(node *redis.Client, least time.Duration) time.Duration {
	if own := node.Options().ReadTimeout; own > 0 {
		return max(least, own)
	}
	return max(least, longest)
}
