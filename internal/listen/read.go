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
var errMoved = send.WithClass(send.ErrUnavailable, errors.New("the slot of the connection's private channel has moved"))

// read is the goroutine that reads the connection until it ends.
func (c *conn) read() {
	defer close(c.over)
	for {
		var got any
		err := send.CatchReadPanic(func() (err error) {
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
	c.manager.l.mu.Lock()
	defer c.manager.l.mu.Unlock()
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
	case o.subscription == nil:
		if _, wanted := c.own[o.name]; wanted {
			c.own[o.name] = true
		}
	case c.manager.subscriptions[o.channel] == o.subscription:
		o.subscription.confirm()
	}
	c.worked.Store(true)
	c.manager.last = nil
	c.manager.notify() // the manager may now ask for numbers
	return nil
}

// gone handles a subscription that the server has ended, as it does when the slot moves to
// another node. The mutex is held.
func (c *conn) gone(name string) error {
	if name == c.private {
		return errMoved
	}
	delete(c.own, name)
	ch := channel{Shard, name}
	if sn := c.channels[ch]; sn != nil && c.manager.subscriptions[ch] == sn {
		delete(c.channels, ch)
		sn.lose()
		sn.away = true
	}
	c.manager.notify()
	return nil
}

// refuse handles an error reply, which belongs to the oldest order. It returns the error if it
// concerns the whole connection.
func (c *conn) refuse(answer redis.Error) error {
	l := c.manager.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(c.sent) == 0 {
		return answer
	}
	o := c.sent[0]
	c.sent = slices.Delete(c.sent, 0, 1)
	err := l.shared.Sender.Classify(ended, answer)
	switch {
	case o.off:
	case o.subscription == nil && permanent(err): // not allowed, or unknown command
		c.refused = true // go on without private channels
		c.probe.pings.Store(true)
	case o.subscription == nil:
		return answer
	case permanent(err):
		delete(c.channels, o.channel)
		if c.manager.subscriptions[o.channel] == o.subscription {
			o.subscription.fail(err)
		}
	case redis.HasErrorPrefix(answer, "MOVED"), redis.HasErrorPrefix(answer, "CLUSTERDOWN"):
		delete(c.channels, o.channel)
		o.subscription.lose()
		o.subscription.away = true
	default:
		return answer
	}
	c.manager.notify()
	return nil
}

// message delivers a message to its subscribers.
func (c *conn) message(m *redis.Message) {
	l := c.manager.l
	l.mu.Lock()
	if _, own := c.own[m.Channel]; own && m.Pattern == "" {
		c.note(m.Payload)
		l.mu.Unlock()
		return
	}
	ch := channel{Channel, m.Channel}
	switch {
	case m.Pattern != "":
		ch = channel{Pattern, m.Pattern}
	case c.manager.endpoint.shard:
		ch.kind = Shard
	}
	sn := c.manager.subscriptions[ch]
	if sn == nil || !sn.confirmed || ch.kind == Pattern && Private(m.Channel) {
		l.mu.Unlock()
		return
	}
	epoch, n, value, framed := cutFrame(m.Payload)
	if framed && sn.kind != Pattern {
		sn.missed(sn.track.see(epoch, n))
		sn.sure()
	}
	subs := sn.subs
	l.mu.Unlock()
	p := blockWait{spent: &c.spent, hangup: c.hangup}
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
	ch := channel{Channel, m.name}
	if c.manager.endpoint.shard {
		ch.kind = Shard
	}
	if sn := c.manager.subscriptions[ch]; sn != nil {
		sn.marked(m)
	}
}
