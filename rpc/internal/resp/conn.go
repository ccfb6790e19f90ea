package resp

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
)

// Conn is a connection on which one goroutine sends commands and reads the replies
// itself. go-redis dials it and does the handshake. What else go-redis does per command
// (checking the connection, deadlines, hooks, allocating arguments and replies) costs
// more than a quick exchange with a nearby server.
type Conn struct {
	raw          *conn.Raw
	reply        *Reply
	buf          []byte
	timeout      time.Duration // allowed silence while a reply is due
	deadlinesSet time.Time
	err          error // permanent: nothing more can be sent or received

	interruptible    bool // an interrupt ends the current read
	interruptPending bool // an interrupt came while a reply was being read

	mu          sync.Mutex
	interrupted bool // the read deadline is in the past
}

const (
	readBufSize = 32 << 10               // bytes
	maxKeptBuf  = 64 << 10               // largest write buffer kept between exchanges, in bytes
	slack       = 250 * time.Millisecond // deadlines are this inexact
)

// Open connects to a node. An exchange fails when the connection has been silent for
// timeout, plus up to 250 ms, while a reply is due.
func Open(ctx context.Context, node *redis.Client, timeout time.Duration) (*Conn, error) {
	raw, err := conn.Dial(ctx, node, timeout)
	if err != nil {
		return nil, err
	}
	cn := &Conn{raw: raw, timeout: timeout}
	cn.reply = NewReply(connReader{cn})
	return cn, nil
}

// Close closes the connection. It can be called concurrently and repeatedly.
func (cn *Conn) Close() { _ = cn.raw.Close() } // never fails

// Expired reports whether the connection may lead to a former master, or uses credentials
// that have changed since it was opened.
func (cn *Conn) Expired() bool { return cn.raw.Expired() }

// OpenedFor reports whether the connection was opened for node.
func (cn *Conn) OpenedFor(node *redis.Client) bool { return cn.raw.OpenedFor(node) }

// Do sends commands and receives their replies. It reports whether they may have reached
// the server. After an error that is not an error reply, the connection must be closed.
func (cn *Conn) Do(cmds ...*Command) (sent bool) {
	sent = cn.Send(cmds...)
	for _, c := range cmds {
		_ = cn.Receive(c) // the command has the error
	}
	return sent
}

// Send sends commands in one write, and reports whether they may have reached the server.
// The replies must be received in the same order.
func (cn *Conn) Send(cmds ...*Command) (sent bool) {
	cn.setDeadlines()
	cn.interruptPending = false
	cn.buf = cn.buf[:0]
	for _, c := range cmds {
		cn.buf = c.append(cn.buf)
	}
	var n int
	if cn.err == nil {
		n, cn.err = cn.raw.Write(cn.buf)
	}
	if cap(cn.buf) > maxKeptBuf {
		cn.buf = nil
		cn.setDeadlines() // the write may have taken long
	}
	return n > 0
}

// setDeadlines sets both deadlines, unless they were set less than slack ago.
func (cn *Conn) setDeadlines() {
	now := time.Now()
	if now.Sub(cn.deadlinesSet) < slack {
		return
	}
	cn.deadlinesSet = now
	cn.mu.Lock()
	defer cn.mu.Unlock()
	// Cannot fail: otherwise the handshake would have failed.
	_ = cn.raw.SetWriteDeadline(cn.deadline())
	if !cn.interrupted {
		_ = cn.raw.SetReadDeadline(cn.deadline())
	}
}

func (cn *Conn) deadline() time.Time { return cn.deadlinesSet.Add(cn.timeout + slack) }

// Receive receives the reply to a command. If it returns an error, nothing more can be
// received; the command has the same error.
func (cn *Conn) Receive(c *Command) error {
	c.Null, c.Err = false, cn.err
	if cn.err == nil {
		cn.err = c.read(cn.reply)
	}
	return cn.err
}

// ReceiveInterruptible is like Receive, but [Conn.Interrupt] can end it with
// [ErrInterrupted] before it has read anything of the reply. The reply must be received
// later then. An interrupt that came while an earlier reply was being read also ends it.
func (cn *Conn) ReceiveInterruptible(c *Command) error {
	for cn.err == nil {
		if cn.interruptPending {
			cn.interruptPending = false
			return ErrInterrupted
		}
		cn.interruptible = true
		first, err := cn.reply.in.Peek(1)
		cn.interruptible = false
		switch {
		case errors.Is(err, ErrInterrupted):
			return err
		case err == nil && isOutOfBand(first[0]):
			cn.reply.Skip()
			cn.err = cn.reply.Err()
			continue
		}
		break
	}
	return cn.Receive(c)
}

// TimedOut waits until the next reply begins. It returns true if the read timeout expires
// first. The reply can still be received, after [Conn.SetReadTimeout].
func (cn *Conn) TimedOut() bool {
	if cn.err != nil {
		return false
	}
	_, err := cn.reply.in.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// SetReadTimeout changes how long the connection may be silent from now on.
func (cn *Conn) SetReadTimeout(timeout time.Duration) {
	cn.timeout, cn.deadlinesSet = timeout, time.Time{}
	cn.setDeadlines()
}

// ErrInterrupted is the error of a ReceiveInterruptible that Interrupt ended.
var ErrInterrupted = errors.New("interrupted")

// Interrupt ends the current ReceiveInterruptible, or the next one of the same exchange.
// It can be called concurrently.
func (cn *Conn) Interrupt() {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	cn.interrupted = true
	_ = cn.raw.SetReadDeadline(time.Unix(1, 0))
}

// connReader is the read side of the connection. A read that is not interruptible
// continues after an interrupt.
type connReader struct{ *Conn }

func (cn connReader) Read(b []byte) (int, error) {
	for {
		n, err := cn.raw.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !cn.clearInterrupt() {
			return n, err
		}
		if cn.interruptible {
			return 0, ErrInterrupted
		}
		cn.interruptPending = true
	}
}

// clearInterrupt reports whether there was an interrupt, and restores the read deadline.
func (cn *Conn) clearInterrupt() bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if !cn.interrupted {
		return false
	}
	cn.interrupted = false
	_ = cn.raw.SetReadDeadline(cn.deadline())
	return true
}

// append appends the command in its wire format.
func (c *Command) append(b []byte) []byte {
	b = appendHeader(b, '*', len(c.Args))
	for _, arg := range c.Args {
		b = appendString(b, arg)
	}
	return b
}

func appendHeader(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

func appendString(b []byte, text string) []byte {
	return append(append(appendHeader(b, '$', len(text)), text...), "\r\n"...)
}

// read decodes the reply. It returns an error that makes the rest of the exchange
// unreadable.
func (c *Command) read(r *Reply) error {
	null, errorReply := r.begin()
	switch {
	case null || errorReply != nil:
	case c.Decode == nil:
		r.Skip()
	default:
		c.Decode(r)
	}
	c.Null, c.Err = null, errorReply
	if r.err != nil {
		c.Null, c.Err = false, r.err
	}
	return r.err
}
