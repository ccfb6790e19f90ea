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

// Link is a connection on which one goroutine sends commands and reads their answers
// itself. The client library dials and greets; what it does for a command besides
// writing and reading (looking whether the connection is open, deadlines, hooks, objects for words and
// answers) costs more than a quick exchange with a server nearby.
type Link struct {
	client   *redis.Client // whose connection it is
	renewal  *renewal
	forget   func() // to hear of that
	conn     net.Conn
	reply    *Reply
	out      []byte
	patience time.Duration
	armed    time.Time // when the deadlines were set
	broken   error     // after which nothing can be sent or read

	waiting bool // for an answer, and an interrupt ends that
	missed  bool // an interrupt came while an answer was read

	mu          sync.Mutex
	interrupted bool // the deadline of reads is in the past
}

const (
	inSize  = 32 << 10 // of the buffer for what comes
	keptOut = 64 << 10 // bytes of the buffer for what leaves, between two exchanges
	slack   = 250 * time.Millisecond
)

// Open connects to a node. An exchange is given up when the connection has been silent for
// patience, up to a quarter of a second more, while a reply is due.
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
	err = client.Conn().Ping(ctx).Err()                   // the connection stays with the Conn, and so with the link
	if err != nil && (!isGreeted || !send.IsReply(err)) { // a ping that is denied does not matter
		forget()
		_ = client.Close()
		return nil, err
	}
	l := &Link{client: client, renewal: renewal, forget: sync.OnceFunc(forget), conn: conn, patience: patience}
	l.reply = NewReply(wire{l})
	return l, nil
}

// Close closes the connection. It may be called at any time, and again.
func (l *Link) Close() {
	l.forget()
	_ = l.client.Close()
}

// Stale reports whether the credentials have changed with which the link was opened.
func (l *Link) Stale() bool { return l.renewal.due.Load() }

// Do sends commands and reads their answers. It reports whether they may have reached the
// server. After an error that is no answer the link is to be closed.
func (l *Link) Do(cmds ...*Command) (sent bool) {
	sent = l.Send(cmds...)
	for _, c := range cmds {
		_ = l.Receive(c) // the command has it
	}
	return sent
}

// Send sends commands in one write, and reports whether they may have reached the server. Their
// answers are to be read in the same order.
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
		l.arm() // it may have taken a while
	}
	return n > 0
}

// arm sets the deadlines, if that was long ago.
func (l *Link) arm() {
	now := time.Now()
	if now.Sub(l.armed) < slack {
		return
	}
	l.armed = now
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.conn.SetWriteDeadline(l.deadline()) // a connection that cannot was not greeted
	if !l.interrupted {
		_ = l.conn.SetReadDeadline(l.deadline())
	}
}

func (l *Link) deadline() time.Time { return l.armed.Add(l.patience + slack) }

// Receive reads the answer to a command. An error is one after which nothing more can be
// read; the command has it too.
func (l *Link) Receive(c *Command) error {
	c.Null, c.Err = false, l.broken
	if l.broken == nil {
		l.broken = c.read(l.reply)
	}
	return l.broken
}

// Await is Receive that [Link.Interrupt] can end before anything of the answer was read, with
// [ErrInterrupted]; the answer is still to be read then. It is also ended by an interrupt that came
// while an answer before it was read.
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

// Silent waits until the reply that is due begins, and reports whether the connection was
// silent for too long instead. The reply can still be read, after [Link.Allow].
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

// Interrupt ends the Await that there is, or the next one of the same exchange. It may be
// called at any time.
func (l *Link) Interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupted = true
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
}

// wire is the connection as it is read: what comes while nothing can be interrupted
// is read to its end.
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

// resume reports whether there was an interrupt, after which reading may go on.
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

// append appends the command as the server reads it.
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

// read reads the answer. It returns what makes the rest of the exchange unreadable.
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
