package listen

import (
	"context"
	"crypto/rand"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// ended is a canceled context. go-redis ignores it on an open connection. If the connection is
// gone, go-redis fails instead of dialing again. Only this package dials, since it has to
// report the gap.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// privatePart marks the names of private channels.
const privatePart = "desir-probe:"

// Private reports whether a channel is a private one, which a connection uses for its probes
// and marks.
func Private(channel string) bool { return strings.Contains(channel, ":"+privatePart) }

// order is a command whose reply is pending.
type order struct {
	channel
	subscription *subscription // nil for private channels
	off          bool          // unsubscribe
	at           time.Time     // when it was sent
}

// conn is one connection of a manager, from its dial to its end.
type conn struct {
	manager *manager
	ps      *redis.PubSub
	id      string
	private string // the channel of probes and, unless sharded, of marks
	probe   *probe
	confirm confirm

	// The listener's mutex guards these.
	sent     []order // pending orders, in the order of their replies
	channels map[channel]*subscription
	own      map[string]bool // private channels, and whether they are confirmed
	refused  bool            // the server refuses private channels

	worked atomic.Bool  // an order was confirmed
	heard  atomic.Int64 // when the reader last received anything, UnixNano
	busy   atomic.Bool  // the reader is delivering
	spent  atomic.Int64 // time of waits for subscribers with the policy Block, in nanoseconds
	hangup chan struct{}
	over   chan struct{} // closed when the reader has ended with err
	err    error
}

func newConn(k *manager, ps *redis.PubSub, name string) *conn {
	c := &conn{
		manager: k, ps: ps, id: rand.Text(),
		channels: map[channel]*subscription{},
		own:      map[string]bool{},
		hangup:   make(chan struct{}),
		over:     make(chan struct{}),
	}
	c.private = c.privateChannel(name)
	c.probe, c.confirm = newProbe(&c.spent), newConfirm(k.limit)
	return c
}

// privateChannel returns a private channel in the slot of name.
func (c *conn) privateChannel(name string) string {
	if name == "" {
		name = "desir"
	}
	return keys.Part(name, privatePart+c.id)
}

// connect opens the connection by subscribing to the private channel.
func (c *conn) connect(ctx context.Context) error {
	own := order{channel: channel{Channel, c.private}}
	if c.manager.endpoint.shard {
		own.kind = Shard
	}
	own.at = time.Now()
	c.sent = append(c.sent, own)
	c.own[c.private] = false
	return c.write(ctx, own)
}

// close closes the connection and waits for its reader.
func (c *conn) close() {
	close(c.hangup)
	_ = c.ps.Close() // its only error is that it was closed already
	<-c.over
	c.probe.timer.Stop()
	c.confirm.timer.Stop()
}

// reconcile subscribes and unsubscribes, so that the channels of the connection match the
// manager's subscriptions, and asks for missing numbers. busy reports whether there are
// subscriptions, and away whether a subscription waits for the node of its slot.
func (c *conn) reconcile(ctx context.Context) (busy, away bool, err error) {
	l := c.manager.l
	l.mu.Lock()
	var out []order
	sides := map[string]bool{c.private: true}
	for ch, sn := range c.manager.subscriptions {
		if sn.away {
			away = true
			continue
		}
		if ch.kind == Shard && sn.numbered() {
			side := c.privateChannel(ch.name)
			sides[side] = true
			if _, ok := c.own[side]; !ok {
				c.own[side] = false
				out = append(out, order{channel: channel{Shard, side}})
			}
		}
		if c.channels[ch] != sn {
			c.channels[ch] = sn
			out = append(out, order{channel: ch, subscription: sn})
		}
		c.ask(sn)
	}
	for ch := range c.channels {
		if c.manager.subscriptions[ch] == nil {
			delete(c.channels, ch)
			out = append(out, order{channel: ch, off: true})
		}
	}
	for side := range c.own {
		if !sides[side] {
			delete(c.own, side)
			out = append(out, order{channel: channel{Shard, side}, off: true})
		}
	}
	busy = len(c.manager.subscriptions) > 0
	for i := range out {
		out[i].at = time.Now()
	}
	c.sent = append(c.sent, out...)
	c.confirm.arm(len(c.sent) > 0)
	l.mu.Unlock()
	for _, o := range out {
		if err := c.write(ended, o); err != nil {
			return busy, away, err
		}
	}
	return busy, away, nil
}

func (c *conn) write(ctx context.Context, o order) error {
	f := c.ps.Subscribe
	switch {
	case o.off && o.kind == Shard:
		f = c.ps.SUnsubscribe
	case o.off && o.kind == Pattern:
		f = c.ps.PUnsubscribe
	case o.off:
		f = c.ps.Unsubscribe
	case o.kind == Shard:
		f = c.ps.SSubscribe
	case o.kind == Pattern:
		f = c.ps.PSubscribe
	}
	return send.CatchHookPanic(func() error { return f(ctx, o.name) }) // it may dial
}

// ask asks for the number of a channel if a subscriber needs it and the private channel is
// confirmed. The mutex is held.
func (c *conn) ask(sn *subscription) {
	if !sn.ask || !sn.confirmed {
		return
	}
	mark := c.private
	if sn.kind == Shard {
		mark = c.privateChannel(sn.name)
	}
	switch {
	case c.refused:
		sn.lostCount(nil)
	case c.own[mark]:
		for _, s := range sn.subs {
			if s.sync != nil {
				sn.ask = false
				sn.watch = &watch{done: make(chan struct{})}
				go c.inquire(sn, sn.watch, s.sync, mark)
				return
			}
		}
	}
}

// inquire asks for a mark and waits for it.
func (c *conn) inquire(sn *subscription, w *watch, sync func(context.Context, string) error, mark string) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	err := send.CatchHookPanic(func() error { return sync(ctx, mark) })
	l := c.manager.l
	l.mu.Lock()
	sn.why = err
	l.mu.Unlock()
	if !permanent(err) { // the mark may still arrive
		select {
		case <-w.done:
		case <-c.over: // the subscription asks again on the next connection
			return
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if sn.watch == w {
		sn.lostCount(err)
	}
}
