package listen

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	linger   = time.Second           // of a connection that nobody needs
	minPause = 10 * time.Millisecond // before connecting again; doubles
	maxPause = time.Second
	maxTries = 4                      // connections that a new subscriber waits for
	dialTime = 10 * time.Second       // for all that belongs to connecting
	seekTime = 100 * time.Millisecond // between two looks for the node of a slot
)

// link keeps one connection at its place for as long as somebody listens
// there.
type link struct {
	l     *Listener
	place place
	kick  chan struct{} // something has changed; holds one

	limit  time.Duration   // see confirm; of the link's goroutine
	routes map[wire]*route // guarded by the listener's mutex
	last   error           // why there is no connection that works; guarded by the listener's mutex
}

// ring makes a kick, unless there is one already.
func (k *link) ring() { signal(k.kick) }

// run is the goroutine of the link. It ends a moment after the last subscriber.
func (k *link) run() {
	ctx := context.Background()
	k.limit = firstLimit
	for pause := minPause; ; {
		worked, err := k.converse(ctx)
		if err == nil {
			return // nobody is left
		}
		if worked {
			pause, k.limit = minPause, firstLimit
		} else {
			k.limit = min(2*k.limit, lastLimit)
		}
		k.broken(err, worked)
		if k.retire() {
			return
		}
		send.Pause(ctx, pause)
		pause = min(2*pause, maxPause)
	}
}

// retire ends the link if nobody listens.
func (k *link) retire() bool {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	if len(k.routes) > 0 {
		return false
	}
	delete(k.l.links, k.place)
	return true
}

// converse lives through one connection. It returns no error when the link has
// retired, and whether the connection had worked.
func (k *link) converse(ctx context.Context) (worked bool, err error) {
	c, err := k.dial(ctx)
	if c == nil {
		return false, err
	}
	defer c.close()
	var rest, seek <-chan time.Time
	for {
		busy, away, err := c.arrange(ctx)
		if err != nil {
			return c.worked.Load(), k.l.hub.Send.Explain(ctx, err)
		}
		switch {
		case busy:
			rest = nil
		case rest == nil:
			rest = time.After(linger)
		}
		if away && seek == nil {
			k.l.reload(ctx)
			seek = time.After(seekTime)
		}
		select {
		case <-k.kick:
		case <-rest:
			if k.retire() {
				return true, nil
			}
		case <-seek:
			seek = nil
			_, _ = k.rehouse(ctx) // the next look comes soon
		case <-c.over:
			return c.worked.Load(), k.l.hub.Send.Explain(ctx, c.err)
		case <-c.probe.echo:
			c.probe.answered()
			k.served()
		case <-c.probe.sent:
			c.probe.published(c)
		case <-c.confirm.timer.C:
			hurry, err := c.unconfirmed()
			if err != nil {
				k.l.reload(ctx)
				return c.worked.Load(), err
			}
			if hurry {
				c.probe.hurry(ctx, c)
			}
		case <-c.probe.timer.C:
			if !c.probe.due(ctx, c) {
				k.l.reload(ctx)
				return c.worked.Load(), errSilent
			}
		}
	}
}

// errSilent is why a connection counts as dead: what was published did not
// come back on it.
var errSilent = send.Fault(send.ErrUnavailable, errors.New("a probe did not come back; the connection is dead, or at a server that nobody publishes to any more"))

// errNotConnected is why no connection was made.
var errNotConnected = send.Fault(send.ErrUnavailable, errors.New("no connection in time; the server does not reply"))

// dial opens a connection, and no error and no connection if nobody wants one.
func (k *link) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	var node subscriber
	var name string
	for node == nil {
		var err error
		if node, err = k.rehouse(ctx); err != nil {
			return nil, err
		}
		if name = k.first(); k.retire() {
			return nil, nil
		}
	}
	ps, err := open(ctx, node)
	if err != nil {
		return nil, err
	}
	c := newConn(k, ps, name)
	soon, stop := context.WithTimeout(ctx, 2*k.limit)
	defer stop()
	if err := c.greet(soon); err != nil {
		_ = c.ps.Close() // the other error matters
		if soon.Err() != nil {
			return nil, errNotConnected
		}
		return nil, k.l.hub.Send.Explain(soon, err)
	}
	go c.read()
	return c, nil
}

// subscriber is a client, or a node of one.
type subscriber interface {
	Subscribe(ctx context.Context, channels ...string) *redis.PubSub
}

// open returns a subscription to nothing yet, and sends nothing. A ring panics then: one that
// is wrapped in a type of the user's is not known for a ring.
func open(ctx context.Context, node subscriber) (ps *redis.PubSub, err error) {
	defer func() {
		if p := recover(); p != nil || ps == nil {
			err = send.Fault(send.ErrNotSupported, fmt.Errorf("subscriptions through a client of type %T; pass the client inside it", node))
		}
	}()
	return node.Subscribe(ctx), nil
}

// first returns one of the names that are wanted.
func (k *link) first() string {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	for w := range k.routes {
		if w.kind != Pattern {
			return w.name
		}
	}
	return ""
}

// rehouse sends the routes that another node serves by now to its link, and
// returns the node of this one, or nil if no route is left.
func (k *link) rehouse(ctx context.Context) (subscriber, error) {
	switch k.l.hub.Client.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return k.l.hub.Client, nil
	}
	if k.place.node == "" {
		return k.node(ctx, rand.Text()) // any, and another one each time
	}
	k.l.mu.Lock()
	names := slices.Collect(maps.Keys(k.routes))
	k.l.mu.Unlock()
	var own subscriber
	for _, w := range names {
		p, err := k.l.place(ctx, w)
		if err == nil && p == k.place && own == nil {
			own, err = k.node(ctx, w.name)
		}
		if err != nil {
			return nil, err
		}
		k.move(w, p)
	}
	return own, nil
}

func (k *link) node(ctx context.Context, key string) (subscriber, error) {
	node, err := k.l.hub.Node(ctx, key)
	if err != nil {
		return nil, k.l.hub.Send.Explain(ctx, err)
	}
	return node, nil
}

// move brings a route to the place that serves it.
func (k *link) move(w wire, to place) {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	rt := k.routes[w]
	if rt == nil {
		return
	}
	rt.away = false
	if to == k.place {
		return
	}
	rt.lose()
	delete(k.routes, w)
	other := k.l.link(to)
	if there := other.routes[w]; there != nil { // came there by itself
		there.lost = there.lost || rt.lost
		for _, s := range rt.subs {
			s.route = there
			there.subs = append(slices.Clip(there.subs), s)
		}
	} else {
		other.routes[w] = rt
		rt.link = other
	}
	other.ring()
}

// broken notes that the connection is gone, or was never there.
func (k *link) broken(err error, worked bool) {
	if !worked {
		k.l.reload(context.Background())
	}
	final := lasting(err) && !k.passing(err)
	if !final && (!worked || errors.Is(err, errSilent)) { // else the next one may work at once
		outage.Of(k.l.hub).Begin(outage.Subscriptions, k.server(), err)
	}
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	k.last = err
	silent := errors.Is(err, errSilent)
	for _, rt := range k.routes {
		rt.lose()
		switch {
		case final:
			rt.fail(err)
			continue
		case !worked || silent:
			rt.tell(silent)
		}
		for _, s := range rt.subs {
			if s.tries++; !s.live && s.tries >= maxTries {
				rt.remove(s)
				s.fail(err)
			}
		}
	}
}

// served notes that the connection works.
func (k *link) served() {
	outage.Of(k.l.hub).End(outage.Subscriptions, k.server())
}

// server names the server of the link, for logs.
func (k *link) server() string {
	if c, ok := k.l.hub.Client.(*redis.Client); ok {
		return outage.Server(c)
	}
	return cmp.Or(k.place.node, outage.Server(nil))
}

// passing reports whether err is only that go-redis has let go of a node.
func (k *link) passing(err error) bool {
	if !errors.Is(err, redis.ErrClosed) {
		return false
	}
	if _, ok := k.l.hub.Client.(*redis.ClusterClient); !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	err = k.l.hub.Send.Read(ctx, redis.NewStatusCmd(ctx, "ping"))
	return !errors.Is(err, redis.ErrClosed)
}
