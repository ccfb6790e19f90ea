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

// ended is a context that has ended. go-redis does not look at it where there
// is a connection, and fails at once where it would make another one behind our
// back: that is done here, where it can be told.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// privatePart is the part of a name that a client's own channels have.
const privatePart = "desir-probe:"

// Private reports whether a channel is one of those that clients listen to for
// themselves.
func Private(channel string) bool { return strings.Contains(channel, ":"+privatePart) }

// order is a command that the server has not answered yet.
type order struct {
	wire
	route *route // nil for the connection's own channels
	off   bool   // unsubscribe
	at    time.Time
}

// conn is one connection of a link, from its dial to its end.
type conn struct {
	link    *link
	ps      *redis.PubSub
	id      string
	private string // the channel of probes and, but for sharded ones, of marks
	probe   *probe
	confirm confirm

	// The listener's mutex guards these.
	sent    []order // in order, as the answers come
	wires   map[wire]*route
	own     map[string]bool // private channels, and whether they are confirmed
	refused bool            // private channels are

	worked atomic.Bool  // something was confirmed
	heard  atomic.Int64 // when the reader had something last, UnixNano
	busy   atomic.Bool  // the reader delivers it
	spent  atomic.Int64 // in waits for subscribers that block, in nanoseconds
	hangup chan struct{}
	over   chan struct{} // the reader has ended, with err
	err    error
}

func newConn(k *link, ps *redis.PubSub, name string) *conn {
	c := &conn{
		link: k, ps: ps, id: rand.Text(),
		wires:  map[wire]*route{},
		own:    map[string]bool{},
		hangup: make(chan struct{}),
		over:   make(chan struct{}),
	}
	c.private = c.channel(name)
	c.probe, c.confirm = newProbe(&c.spent), newConfirm(k.limit)
	return c
}

// channel returns a private channel in the slot of a name.
func (c *conn) channel(name string) string {
	if name == "" {
		name = "desir"
	}
	return keys.Part(name, privatePart+c.id)
}

// greet connects and subscribes to the private channel.
func (c *conn) greet(ctx context.Context) error {
	own := order{wire: wire{Channel, c.private}}
	if c.link.place.shard {
		own.kind = Shard
	}
	own.at = time.Now()
	c.sent = append(c.sent, own)
	c.own[c.private] = false
	return c.write(ctx, own)
}

// close ends the connection and waits for its reader.
func (c *conn) close() {
	close(c.hangup)
	_ = c.ps.Close() // only says that it was closed already
	<-c.over
	c.probe.timer.Stop()
	c.confirm.timer.Stop()
}

// arrange brings what is subscribed in line with what is wanted, and asks for
// numbers where they are. busy: somebody listens; away: a slot's node is looked
// for.
func (c *conn) arrange(ctx context.Context) (busy, away bool, err error) {
	l := c.link.l
	l.mu.Lock()
	var out []order
	sides := map[string]bool{c.private: true}
	for w, rt := range c.link.routes {
		if rt.away {
			away = true
			continue
		}
		if w.kind == Shard && rt.numbered() {
			side := c.channel(w.name)
			sides[side] = true
			if _, ok := c.own[side]; !ok {
				c.own[side] = false
				out = append(out, order{wire: wire{Shard, side}})
			}
		}
		if c.wires[w] != rt {
			c.wires[w] = rt
			out = append(out, order{wire: w, route: rt})
		}
		c.ask(rt)
	}
	for w := range c.wires {
		if c.link.routes[w] == nil {
			delete(c.wires, w)
			out = append(out, order{wire: w, off: true})
		}
	}
	for side := range c.own {
		if !sides[side] {
			delete(c.own, side)
			out = append(out, order{wire: wire{Shard, side}, off: true})
		}
	}
	busy = len(c.link.routes) > 0
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
	return send.Guard(func() error { return f(ctx, o.name) }) // it may dial
}

// ask asks for the number of a channel where that is wanted and possible. The
// mutex is held.
func (c *conn) ask(rt *route) {
	if !rt.ask || !rt.confirmed {
		return
	}
	mark := c.private
	if rt.kind == Shard {
		mark = c.channel(rt.name)
	}
	switch {
	case c.refused:
		rt.lostCount(nil)
	case c.own[mark]:
		for _, s := range rt.subs {
			if s.sync != nil {
				rt.ask = false
				rt.watch = &watch{done: make(chan struct{})}
				go c.inquire(rt, rt.watch, s.sync, mark)
				return
			}
		}
	}
}

// inquire waits for the mark that it asks for.
func (c *conn) inquire(rt *route, w *watch, sync func(context.Context, string) error, mark string) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	err := send.Guard(func() error { return sync(ctx, mark) })
	l := c.link.l
	l.mu.Lock()
	rt.why = err
	l.mu.Unlock()
	if !lasting(err) { // whatever else it is, the mark may come
		select {
		case <-w.done:
		case <-c.over:
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if rt.watch == w {
		rt.lostCount(err)
	}
}
