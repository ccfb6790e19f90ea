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
	defer close(c.readDone)
	for {
		var got any
		err := send.CatchReadPanic(func() (err error) {
			got, err = c.ps.ReceiveTimeout(canceled, 0)
			return err
		})
		c.delivering.Store(true)
		var reply redis.Error
		switch {
		case err == nil:
		case errors.As(err, &reply):
			err = c.handleRefusal(reply)
		}
		if err == nil {
			err = c.handle(got)
		}
		if err != nil {
			c.err = err
			return
		}
		c.lastReceived.Store(time.Now().UnixNano())
		c.delivering.Store(false)
	}
}

func (c *conn) handle(got any) error {
	switch m := got.(type) {
	case *redis.Message:
		c.deliver(m)
	case *redis.Pong:
		signal(c.probe.arrived)
	case *redis.Subscription:
		confirmed, err := c.handleConfirmation(m)
		wakeAll(confirmed)
		return err
	}
	return nil
}

// wakeAll wakes subscribers. The listener's mutex is not held.
func wakeAll(subs []*Sub) {
	for _, s := range subs {
		s.wake()
	}
}

// handleConfirmation handles the confirmation of a command. It returns the subscribers whose
// subscription is confirmed now.
func (c *conn) handleConfirmation(m *redis.Subscription) (confirmed []*Sub, err error) {
	c.manager.listener.mu.Lock()
	defer c.manager.listener.mu.Unlock()
	off := strings.Contains(m.Kind, "unsubscribe")
	if len(c.pending) == 0 || c.pending[0].unsubscribe != off || c.pending[0].name != m.Channel {
		if off {
			return nil, c.handleEnded(m.Channel)
		}
		return nil, nil
	}
	cmd := c.pending[0]
	c.pending = slices.Delete(c.pending, 0, 1)
	switch {
	case off:
	case cmd.subscription == nil:
		if _, wanted := c.privates[cmd.name]; wanted {
			c.privates[cmd.name] = true
		}
	case c.manager.subscriptions[cmd.channel] == cmd.subscription:
		cmd.subscription.confirm()
		confirmed = cmd.subscription.subs
	}
	c.worked.Store(true)
	c.manager.lastErr = nil
	if cmd.subscription == nil || cmd.subscription.needsBarrier {
		c.manager.notify() // the manager may now request barriers
	}
	return confirmed, nil
}

// handleEnded handles a subscription that the server has ended, as it does when the slot
// moves to another node. The mutex is held.
func (c *conn) handleEnded(name string) error {
	if name == c.private {
		return errMoved
	}
	delete(c.privates, name)
	ch := channel{Shard, name}
	if sn := c.channels[ch]; sn != nil && c.manager.subscriptions[ch] == sn {
		delete(c.channels, ch)
		sn.markLost()
		sn.slotMoved = true
	}
	c.manager.notify()
	return nil
}

// handleRefusal handles an error reply, which belongs to the oldest command. It returns the
// error if it concerns the whole connection.
func (c *conn) handleRefusal(reply redis.Error) error {
	l := c.manager.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(c.pending) == 0 {
		return reply
	}
	cmd := c.pending[0]
	c.pending = slices.Delete(c.pending, 0, 1)
	err := l.shared.Sender.Classify(canceled, reply)
	switch {
	case cmd.unsubscribe:
	case cmd.subscription == nil && send.Permanent(err): // not allowed, or unknown command
		c.privateDenied = true // go on without private channels
		c.probe.usePing.Store(true)
	case cmd.subscription == nil:
		return reply
	case send.Permanent(err):
		delete(c.channels, cmd.channel)
		if c.manager.subscriptions[cmd.channel] == cmd.subscription {
			cmd.subscription.fail(err)
		}
	case redis.HasErrorPrefix(reply, "MOVED"), redis.HasErrorPrefix(reply, "CLUSTERDOWN"):
		delete(c.channels, cmd.channel)
		cmd.subscription.markLost()
		cmd.subscription.slotMoved = true
	default:
		return reply
	}
	c.manager.notify()
	return nil
}

// deliver delivers a message to its subscribers.
func (c *conn) deliver(m *redis.Message) {
	l := c.manager.listener
	l.mu.Lock()
	if _, own := c.privates[m.Channel]; own && m.Pattern == "" {
		c.handlePrivate(m.Payload)
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
	epoch, n, value, framed := parseFrame(m.Payload)
	if framed && sn.kind != Pattern {
		sn.addMissed(sn.seq.observe(epoch, n))
		sn.numberKnown()
	}
	subs := sn.subs
	l.mu.Unlock()
	w := blockWait{total: &c.blocked, closing: c.closing}
	for _, s := range subs {
		switch {
		case s.notify != nil:
			s.notify(m.Payload, nil)
		case s.publishBarrier != nil:
			s.put(m.Channel, value, &w)
		default:
			s.put(m.Channel, m.Payload, &w)
		}
	}
}

// handlePrivate handles a message on a private channel. The mutex is held.
func (c *conn) handlePrivate(payload string) {
	m, ok := parseBarrier(payload)
	if !ok {
		signal(c.probe.arrived)
		return
	}
	ch := channel{Channel, m.topic}
	if c.manager.endpoint.shard {
		ch.kind = Shard
	}
	if sn := c.manager.subscriptions[ch]; sn != nil {
		sn.handleBarrier(m)
	}
}
