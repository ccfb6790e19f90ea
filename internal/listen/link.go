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
	linger   = time.Second            // how long an unused connection stays open
	minPause = 10 * time.Millisecond  // first backoff before connecting again; doubles
	maxPause = time.Second            // longest backoff
	maxTries = 4                      // failed connections after which Subscribe fails
	dialTime = 10 * time.Second       // time limit for connecting
	seekTime = 100 * time.Millisecond // time between two lookups of the node of a slot
)

// link keeps one connection open while there are subscribers for it.
type link struct {
	l     *Listener
	place place
	kick  chan struct{} // wakes the link; holds one

	limit  time.Duration   // see confirm; used by the link's goroutine
	routes map[wire]*route // guarded by the listener's mutex
	last   error           // why no connection works, or nil; guarded by the listener's mutex
}

// ring wakes the link.
func (k *link) ring() { signal(k.kick) }

// run is the goroutine of the link. It ends shortly after the last subscriber has left.
func (k *link) run() {
	ctx := context.Background()
	k.limit = firstLimit
	for pause := minPause; ; {
		worked, err := k.converse(ctx)
		if err == nil {
			return // the link has retired
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

// retire ends the link if it has no routes, and reports whether it did.
func (k *link) retire() bool {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	if len(k.routes) > 0 {
		return false
	}
	delete(k.l.links, k.place)
	return true
}

// converse runs one connection until it ends. It returns a nil error when the link has retired.
// worked reports whether the connection has worked.
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
			_, _ = k.rehouse(ctx) // on an error, it is repeated soon
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

// errSilent is the reason for closing a connection on which a published probe did not arrive.
var errSilent = send.Fault(send.ErrUnavailable, errors.New("a probe message did not arrive: the connection is dead, or its server is no longer the master"))

// errNotConnected is the error of a dial that took too long.
var errNotConnected = send.Fault(send.ErrUnavailable, errors.New("no connection in time; the server does not reply"))

// dial opens a connection. It returns nil and no error if the link has no routes.
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
		_ = c.ps.Close() // err is the error to return
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

// open returns a PubSub without channels, and sends nothing. go-redis panics if node is a ring.
// A ring inside a type of the user is not recognized as one before.
func open(ctx context.Context, node subscriber) (ps *redis.PubSub, err error) {
	defer func() {
		if p := recover(); p != nil || ps == nil {
			err = send.Fault(send.ErrNotSupported, fmt.Errorf("subscriptions through a client of type %T; pass the client inside it", node))
		}
	}()
	return node.Subscribe(ctx), nil
}

// first returns the name of one of the channels, or "" if there are only patterns.
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

// rehouse moves each route whose node has changed to the link of that node. It returns the
// node of this link, or nil if no route is left.
func (k *link) rehouse(ctx context.Context) (subscriber, error) {
	switch k.l.hub.Client.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return k.l.hub.Client, nil
	}
	if k.place.node == "" {
		return k.node(ctx, rand.Text()) // a random node
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

// move moves a route to the link of the place that serves it.
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
	if there := other.routes[w]; there != nil { // merge with the other link's route
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

// broken records that a connection has ended, or could not be opened.
func (k *link) broken(err error, worked bool) {
	if !worked {
		k.l.reload(context.Background())
	}
	final := lasting(err) && !k.passing(err)
	if !final && (!worked || errors.Is(err, errSilent)) { // otherwise the next one may work at once
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

// served records that the connection works.
func (k *link) served() {
	outage.Of(k.l.hub).End(outage.Subscriptions, k.server())
}

// server returns the name of the link's server for logs.
func (k *link) server() string {
	if c, ok := k.l.hub.Client.(*redis.Client); ok {
		return outage.Server(c)
	}
	return cmp.Or(k.place.node, outage.Server(nil))
}

// passing reports whether err is transient because a cluster client has only closed the client
// of one node.
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
