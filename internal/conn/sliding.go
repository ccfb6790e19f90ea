package conn

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

// slidingConn is a connection whose read deadlines limit silence and not the length of a
// reply. While bytes arrive, it extends the deadline by the same duration. When the
// deadline has expired, it reads once more: if the process was suspended, its timers run
// before it sees the bytes that have arrived.
type slidingConn struct {
	net.Conn
	lastRead    atomic.Int64 // when bytes last arrived, as time since epoch
	readTimeout atomic.Int64 // duration that replaces every deadline; 0: none

	mu       sync.Mutex
	window   time.Duration // allowed silence; 0: no deadline; negative: a deadline in the past
	deadline time.Time
}

// minExtension is the minimum duration of the last read.
const minExtension = 10 * time.Millisecond

// newSlidingConn wraps c. The second result also gives go-redis access to the raw
// connection, with which it checks whether the connection is open.
func newSlidingConn(c net.Conn) (*slidingConn, net.Conn) {
	p := &slidingConn{Conn: c}
	if raw, ok := c.(syscall.Conn); ok {
		return p, struct {
			*slidingConn
			syscall.Conn
		}{p, raw}
	}
	return p, p
}

// NetConn returns the wrapped connection, as TLS connections do.
func (c *slidingConn) NetConn() net.Conn { return c.Conn }

func (c *slidingConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetReadDeadline(c.record(t))
}

func (c *slidingConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record(t)
	return c.Conn.SetDeadline(t)
}

// record records a new deadline and returns the one to set. c.mu must be held.
func (c *slidingConn) record(t time.Time) time.Time {
	c.deadline, c.window = t, 0
	if t.IsZero() {
		return t
	}
	c.window = time.Until(t)
	if timeout := time.Duration(c.readTimeout.Load()); timeout > 0 && c.window > 0 {
		c.deadline, c.window = time.Now().Add(timeout), timeout
	}
	return c.deadline
}

func (c *slidingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.extend() {
		n, err = c.Conn.Read(b)
	}
	if n > 0 {
		c.slide()
	}
	return n, err
}

// extend permits one more read after the deadline, for as long as the process is late. It
// returns false if the deadline was set to end a read at once.
func (c *slidingConn) extend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.window <= 0 {
		return false
	}
	late := min(max(time.Since(c.deadline), minExtension), c.window)
	return c.Conn.SetReadDeadline(time.Now().Add(late)) == nil
}

// slide records that bytes have arrived. It extends the deadline unless that was done
// recently.
func (c *slidingConn) slide() {
	now := time.Now()
	c.lastRead.Store(int64(now.Sub(epoch)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.window > 0 && c.deadline.Sub(now) < c.window-slack {
		c.deadline = now.Add(c.window)
		_ = c.Conn.SetReadDeadline(c.deadline) // a later read reports a closed connection
	}
}

const slack = 250 * time.Millisecond // deadlines are this inexact

var epoch = time.Now()

// useSlidingDeadlines makes the dialer of o return sliding connections, and calls onDial
// for each.
func useSlidingDeadlines(o *redis.Options, onDial func(*slidingConn)) {
	dial := o.Dialer
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		p, c := newSlidingConn(c)
		if onDial != nil {
			onDial(p)
		}
		return c, nil
	}
}

// defaultReadTimeout is the allowed silence if the user's client has no read timeout.
const defaultReadTimeout = time.Minute

// ReadTimeout returns how long a connection to node may be silent: the read timeout of
// the user's client, but at least least.
func ReadTimeout(node *redis.Client, least time.Duration) time.Duration {
	if own := node.Options().ReadTimeout; own > 0 {
		return max(least, own)
	}
	return max(least, defaultReadTimeout)
}
