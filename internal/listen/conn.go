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

// canceled is a canceled context. go-redis ignores it on an open connection. If the
// connection is gone, go-redis fails instead of dialing again. Only this package dials, since
// it has to report the gap.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// privatePart marks the names of private channels.
const privatePart = "desir-probe:"

// Private reports whether a channel is a private one, which a connection uses for its probes
// and barriers.
func Private(name string) bool { return strings.Contains(name, ":"+privatePart) }

// command is a command whose reply is pending.
type command struct {
	channel
	subscription *subscription // nil for private channels
	unsubscribe  bool          // unsubscribe
	sentAt       time.Time     // when it was sent
}

// conn is one connection of a manager, from its dial to its end.
type conn struct {
	manager      *manager
	ps           *redis.PubSub
	id           string
	private      string // the channel of probes and, unless sharded, of barriers; "" for sharded wake-ups
	probe        *probe
	confirmTimer confirmTimer

	// The listener's mutex guards these.
	pending       []command // without a reply, in the order of their replies
	channels      map[channel]*subscription
	privates      map[string]bool // private channels, and whether they are confirmed
	privateDenied bool            // the server refuses private channels

	worked       atomic.Bool  // a command was confirmed
	lastReceived atomic.Int64 // when the reader last received anything, UnixNano
	delivering   atomic.Bool  // the reader is delivering
	blocked      atomic.Int64 // time of waits for subscribers with the policy Block, in nanoseconds
	closing      chan struct{}
	readDone     chan struct{} // closed when the reader has ended with err
	err          error
}

func newConn(m *manager, ps *redis.PubSub, name string) *conn {
	c := &conn{
		manager: m, ps: ps, id: rand.Text(),
		channels: map[channel]*subscription{},
		privates: map[string]bool{},
		closing:  make(chan struct{}),
		readDone: make(chan struct{}),
	}
	c.probe, c.confirmTimer = newProbe(&c.blocked), newConfirmTimer(m.confirmLimit)
	if m.endpoint.class == WakeUps && m.endpoint.shard { // receivers need no rights to a private channel
		c.probe.usePing.Store(true)
	} else {
		c.private = c.privateChannel(name)
	}
	return c
}

// privateChannel returns a private channel in the slot of name.
func (c *conn) privateChannel(name string) string {
	if name == "" {
		name = "desir"
	}
	return keys.Part(name, privatePart+c.id)
}

// connect opens the connection by subscribing to the private channel, or by a PING.
func (c *conn) connect(ctx context.Context) error {
	if c.private == "" {
		return send.CatchHookPanic(func() error { return c.ps.Ping(ctx) })
	}
	cmd := command{channel: channel{Channel, c.private}}
	if c.manager.endpoint.shard {
		cmd.kind = Shard
	}
	cmd.sentAt = time.Now()
	c.pending = append(c.pending, cmd)
	c.privates[c.private] = false
	return c.write(ctx, cmd)
}

// close closes the connection and waits for its reader.
func (c *conn) close() {
	close(c.closing)
	_ = c.ps.Close() // its only error is that it was closed already
	<-c.readDone
	c.probe.timer.Stop()
	c.confirmTimer.timer.Stop()
}

// reconcile subscribes and unsubscribes, so that the channels of the connection match the
// manager's subscriptions, and requests missing barriers. used reports whether there are
// subscriptions, and slotMoved whether a subscription waits for the node of its slot.
func (c *conn) reconcile(ctx context.Context) (used, slotMoved bool, err error) {
	l := c.manager.listener
	l.mu.Lock()
	var out []command
	wanted := map[string]bool{c.private: true}
	for ch, sn := range c.manager.subscriptions {
		if sn.slotMoved {
			slotMoved = true
			continue
		}
		if ch.kind == Shard && sn.numbered() {
			private := c.privateChannel(ch.name)
			wanted[private] = true
			if _, ok := c.privates[private]; !ok {
				c.privates[private] = false
				out = append(out, command{channel: channel{Shard, private}})
			}
		}
		if c.channels[ch] != sn {
			c.channels[ch] = sn
			out = append(out, command{channel: ch, subscription: sn})
		}
		c.requestBarrier(sn)
	}
	for ch := range c.channels {
		if c.manager.subscriptions[ch] == nil {
			delete(c.channels, ch)
			out = append(out, command{channel: ch, unsubscribe: true})
		}
	}
	for private := range c.privates {
		if !wanted[private] {
			delete(c.privates, private)
			out = append(out, command{channel: channel{Shard, private}, unsubscribe: true})
		}
	}
	used = len(c.manager.subscriptions) > 0
	for i := range out {
		out[i].sentAt = time.Now()
	}
	c.pending = append(c.pending, out...)
	c.confirmTimer.arm(len(c.pending) > 0)
	l.mu.Unlock()
	for _, cmd := range out {
		if err := c.write(canceled, cmd); err != nil {
			return used, slotMoved, err
		}
	}
	return used, slotMoved, nil
}

func (c *conn) write(ctx context.Context, cmd command) error {
	f := c.ps.Subscribe
	switch {
	case cmd.unsubscribe && cmd.kind == Shard:
		f = c.ps.SUnsubscribe
	case cmd.unsubscribe && cmd.kind == Pattern:
		f = c.ps.PUnsubscribe
	case cmd.unsubscribe:
		f = c.ps.Unsubscribe
	case cmd.kind == Shard:
		f = c.ps.SSubscribe
	case cmd.kind == Pattern:
		f = c.ps.PSubscribe
	}
	return send.CatchHookPanic(func() error { return f(ctx, cmd.name) }) // it may dial
}

// requestBarrier requests a barrier of a channel if a subscriber needs one and the private
// channel is confirmed. The mutex is held.
func (c *conn) requestBarrier(sn *subscription) {
	if !sn.needsBarrier || !sn.confirmed {
		return
	}
	to := c.private
	if sn.kind == Shard {
		to = c.privateChannel(sn.name)
	}
	switch {
	case c.privateDenied:
		sn.stopCounting(nil)
	case c.privates[to]:
		for _, s := range sn.subs {
			if s.publishBarrier != nil {
				sn.needsBarrier = false
				sn.pendingBarrier = &barrierWait{done: make(chan struct{})}
				go c.awaitBarrier(sn, sn.pendingBarrier, s.publishBarrier, to)
				return
			}
		}
	}
}

// awaitBarrier requests a barrier and waits for it.
func (c *conn) awaitBarrier(sn *subscription, w *barrierWait, publish func(context.Context, string) error, to string) {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	err := send.CatchHookPanic(func() error { return publish(ctx, to) })
	l := c.manager.listener
	l.mu.Lock()
	sn.barrierErr = err
	l.mu.Unlock()
	if !send.Permanent(err) { // the barrier may still arrive
		select {
		case <-w.done:
		case <-c.readDone: // the next connection requests another one
			return
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if sn.pendingBarrier == w {
		sn.stopCounting(err)
	}
}
