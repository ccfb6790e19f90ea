package link

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Link is a connection on which one goroutine sends commands and reads the replies
// itself. go-redis dials and greets. What else it does per command (checking the
// connection, deadlines, hooks, allocating arguments and replies) costs more than a quick
// exchange with a server nearby.
type Link struct {
	client   *redis.Client // owner of the connection
	renewal  *renewal
	forget   func() // ends the subscription of renewal
	conn     net.Conn
	reply    *Reply
	out      []byte
	patience time.Duration
	armed    time.Time // when the deadlines were set
	broken   error     // permanent error: nothing more can be sent or read

	waiting bool // Await waits for a reply, and an interrupt ends that
	missed  bool // an interrupt came while a reply was read

	mu          sync.Mutex
	interrupted bool // the read deadline is in the past
}

const (
	inSize  = 32 << 10 // read buffer
	keptOut = 64 << 10 // largest write buffer kept between exchanges, in bytes
	slack   = 250 * time.Millisecond
)

// Open connects to a node. An exchange fails when the connection has been silent for
// patience, plus up to 250 ms, while a reply is due.
func Open(ctx context.Context, node *redis.Client, patience time.Duration) (*Link, error) {
	o := alone(node, patience)
	renewal, forget, err := subscribe(&o)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	patiently(&o, func(c *patientConn) { conn = c })
	isGreeted := false
	greeted(&o, func() { isGreeted = true })
	client := redis.NewClient(&o)
	// The connection belongs to the Conn, and so to the link.
	err = client.Conn().Ping(ctx).Err()
	if err != nil && (!isGreeted || !send.IsReply(err)) { // a denied PING does not matter
		forget()
		_ = client.Close()
		return nil, err
	}
	l := &Link{client: client, renewal: renewal, forget: sync.OnceFunc(forget), conn: conn, patience: patience}
	l.reply = NewReply(wire{l})
	return l, nil
}

// Close closes the connection. It can be called concurrently and repeatedly.
func (l *Link) Close() {
	l.forget()
	_ = l.client.Close()
}

// Stale reports whether the credentials have changed since the link was opened.
func (l *Link) Stale() bool { return l.renewal.due.Load() }

// Do sends commands and receives their replies. It reports whether they may have reached
// the server. After an error that is not an error reply, the link must be closed.
func (l *Link) Do(cmds ...*Command) (sent bool) {
	sent = l.Send(cmds...)
	for _, c := range cmds {
		_ = l.Receive(c) // the command has the error
	}
	return sent
}

// Send sends commands in one write, and reports whether they may have reached the server.
// The replies must be received in the same order.
func (l *Link) Send(cmds ...*Command) (sent bool) {
	l.arm()
	l.missed = false
	l.out = l.out[:0]
	for _, c := range cmds {
		l.out = c.append(l.out)
	}
	var n int
	if l.broken == nil {
		n, l.broken = l.conn.Write(l.out)
	}
	if cap(l.out) > keptOut {
		l.out = nil
		l.arm() // the write may have taken long
	}
	return n > 0
}

// arm sets the deadlines, unless they were set less than slack ago.
func (l *Link) arm() {
	now := time.Now()
	if now.Sub(l.armed) < slack {
		return
	}
	l.armed = now
	l.mu.Lock()
	defer l.mu.Unlock()
	// Cannot fail: otherwise the greeting would have failed.
	_ = l.conn.SetWriteDeadline(l.deadline())
	if !l.interrupted {
		_ = l.conn.SetReadDeadline(l.deadline())
	}
}

func (l *Link) deadline() time.Time { return l.armed.Add(l.patience + slack) }

// Receive receives the reply to a command. If it returns an error, nothing more can be
// received; the command has the same error.
func (l *Link) Receive(c *Command) error {
	c.Null, c.Err = false, l.broken
	if l.broken == nil {
		l.broken = c.read(l.reply)
	}
	return l.broken
}

// Await is like Receive, but [Link.Interrupt] can end it with [ErrInterrupted] before it
// has read anything of the reply. The reply must be received later then. An interrupt
// that came while an earlier reply was read also ends it.
func (l *Link) Await(c *Command) error {
	for l.broken == nil {
		if l.missed {
			l.missed = false
			return ErrInterrupted
		}
		l.waiting = true
		first, err := l.reply.in.Peek(1)
		l.waiting = false
		switch {
		case errors.Is(err, ErrInterrupted):
			return err
		case err == nil && isAside(first[0]):
			l.reply.Skip()
			l.broken = l.reply.Err()
			continue
		}
		break
	}
	return l.Receive(c)
}

// Silent waits until the next reply begins. It returns true if the connection was silent
// for too long instead. The reply can still be received, after [Link.Allow].
func (l *Link) Silent() bool {
	if l.broken != nil {
		return false
	}
	_, err := l.reply.in.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Allow changes how long the connection may be silent from now on.
func (l *Link) Allow(patience time.Duration) {
	l.patience, l.armed = patience, time.Time{}
	l.arm()
}

// ErrInterrupted is the error of an Await that was ended by Interrupt.
var ErrInterrupted = errors.New("link: interrupted")

// Interrupt ends the current Await, or the next one of the same exchange. It can be
// called concurrently.
func (l *Link) Interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupted = true
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
}

// wire is the read side of the connection. A read that is not part of an Await continues
// after an interrupt.
type wire struct{ *Link }

func (l wire) Read(b []byte) (int, error) {
	for {
		n, err := l.conn.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !l.resume() {
			return n, err
		}
		if l.waiting {
			return 0, ErrInterrupted
		}
		l.missed = true
	}
}

// resume reports whether there was an interrupt, and restores the read deadline.
func (l *Link) resume() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.interrupted {
		return false
	}
	l.interrupted = false
	_ = l.conn.SetReadDeadline(l.deadline())
	return true
}

// append appends the command in its wire format.
func (c *Command) append(b []byte) []byte {
	b = appendHead(b, '*', len(c.Words))
	for _, w := range c.Words {
		b = appendText(b, w)
	}
	return b
}

func appendHead(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

func appendText(b []byte, text string) []byte {
	return append(append(appendHead(b, '$', len(text)), text...), "\r\n"...)
}

// read decodes the reply. It returns an error that makes the rest of the exchange
// unreadable.
func (c *Command) read(r *Reply) error {
	null, answer := r.begin()
	switch {
	case null || answer != nil:
	case c.Take == nil:
		r.Skip()
	default:
		c.Take(r)
	}
	c.Null, c.Err = null, answer
	if r.err != nil {
		c.Null, c.Err = false, r.err
	}
	return r.err
}
