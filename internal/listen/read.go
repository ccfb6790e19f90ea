package listen

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// errMoved is the reason for closing a connection whose private channel the server has ended.
var errMoved = send.Fault(send.ErrUnavailable, errors.New("the slot of the connection's private channel has moved"))

// read is the goroutine that reads the connection until it ends.
func (c *conn) read() {
	defer close(c.over)
	for {
		var got any
		err := send.GuardRead(func() (err error) {
			got, err = c.ps.ReceiveTimeout(ended, 0)
			return err
		})
		c.busy.Store(true)
		var answer redis.Error
		switch {
		case err == nil:
		case errors.As(err, &answer):
			err = c.refuse(answer)
		}
		if err == nil {
			err = c.handle(got)
		}
		if err != nil {
			c.err = err
			return
		}
		c.heard.Store(time.Now().UnixNano())
		c.busy.Store(false)
	}
}

func (c *conn) handle(got any) error {
	switch m := got.(type) {
	case *redis.Message:
		c.message(m)
	case *redis.Pong:
		signal(c.probe.echo)
	case *redis.Subscription:
		return c.answer(m)
	}
	return nil
}

// answer handles the confirmation of an order.
func (c *conn) answer(m *redis.Subscription) error {
	c.link.l.mu.Lock()
	defer c.link.l.mu.Unlock()
	off := strings.Contains(m.Kind, "unsubscribe")
	if len(c.sent) == 0 || c.sent[0].off != off || c.sent[0].name != m.Channel {
		if off {
			return c.gone(m.Channel)
		}
		return nil
	}
	o := c.sent[0]
	c.sent = slices.Delete(c.sent, 0, 1)
	switch {
	case off:
	case o.route == nil:
		if _, wanted := c.own[o.name]; wanted {
			c.own[o.name] = true
		}
	case c.link.routes[o.wire] == o.route:
		o.route.confirm()
	}
	c.worked.Store(true)
	c.link.last = nil
	c.link.ring() // the link may now ask for numbers
	return nil
}

// gone handles a subscription that the server has ended, as it does when the slot moves to
// another node. The mutex is held.
func (c *conn) gone(name string) error {
	if name == c.private {
		return errMoved
	}
	delete(c.own, name)
	w := wire{Shard, name}
	if rt := c.wires[w]; rt != nil && c.link.routes[w] == rt {
		delete(c.wires, w)
		rt.lose()
		rt.away = true
	}
	c.link.ring()
	return nil
}

// refuse handles an error reply, which belongs to the oldest order. It returns the error if it
// concerns the whole connection.
func (c *conn) refuse(answer redis.Error) error {
	l := c.link.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(c.sent) == 0 {
		return answer
	}
	o := c.sent[0]
	c.sent = slices.Delete(c.sent, 0, 1)
	err := l.hub.Send.Explain(ended, answer)
	switch {
	case o.off:
	case o.route == nil && lasting(err): // not allowed, or unknown command
		c.refused = true // go on without private channels
		c.probe.pings.Store(true)
	case o.route == nil:
		return answer
	case lasting(err):
		delete(c.wires, o.wire)
		if c.link.routes[o.wire] == o.route {
			o.route.fail(err)
		}
	case redis.HasErrorPrefix(answer, "MOVED"), redis.HasErrorPrefix(answer, "CLUSTERDOWN"):
		delete(c.wires, o.wire)
		o.route.lose()
		o.route.away = true
	default:
		return answer
	}
	c.link.ring()
	return nil
}

// message delivers a message to its subscribers.
func (c *conn) message(m *redis.Message) {
	l := c.link.l
	l.mu.Lock()
	if _, own := c.own[m.Channel]; own && m.Pattern == "" {
		c.note(m.Payload)
		l.mu.Unlock()
		return
	}
	w := wire{Channel, m.Channel}
	switch {
	case m.Pattern != "":
		w = wire{Pattern, m.Pattern}
	case c.link.place.shard:
		w.kind = Shard
	}
	rt := c.link.routes[w]
	if rt == nil || !rt.confirmed || w.kind == Pattern && Private(m.Channel) {
		l.mu.Unlock()
		return
	}
	epoch, n, value, framed := cutFrame(m.Payload)
	if framed && rt.kind != Pattern {
		rt.missed(rt.track.see(epoch, n))
		rt.sure()
	}
	subs := rt.subs
	l.mu.Unlock()
	p := patience{spent: &c.spent, hangup: c.hangup}
	for _, s := range subs {
		if s.sync != nil {
			s.put(m.Channel, value, &p)
		} else {
			s.put(m.Channel, m.Payload, &p)
		}
	}
}

// note handles a message on a private channel. The mutex is held.
func (c *conn) note(payload string) {
	m, ok := cutMark(payload)
	if !ok {
		signal(c.probe.echo)
		return
	}
	w := wire{Channel, m.name}
	if c.link.place.shard {
		w.kind = Shard
	}
	if rt := c.link.routes[w]; rt != nil {
		rt.marked(m)
	}
}
