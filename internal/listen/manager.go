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

// manager keeps one connection open while there are subscribers for it.
type manager struct {
	l        *Listener
	endpoint endpoint
	kick     chan struct{} // wakes the manager; holds one

	limit         time.Duration             // see confirm; used by the manager's goroutine
	subscriptions map[channel]*subscription // guarded by the listener's mutex
	last          error                     // why no connection works, or nil; guarded likewise
}

// notify wakes the manager.
func (k *manager) notify() { signal(k.kick) }

// run is the goroutine of the manager. It ends shortly after the last subscriber has left.
func (k *manager) run() {
	ctx := context.Background()
	k.limit = firstLimit
	for pause := minPause; ; {
		worked, err := k.runConn(ctx)
		if err == nil {
			return // the manager has retired
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
		send.SleepWithJitter(ctx, pause)
		pause = min(2*pause, maxPause)
	}
}

// retire ends the manager if it has no subscriptions, and reports whether it did.
func (k *manager) retire() bool {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	if len(k.subscriptions) > 0 {
		return false
	}
	delete(k.l.managers, k.endpoint)
	return true
}

// runConn runs one connection until it ends. It returns a nil error when the manager has
// retired. worked reports whether the connection has worked.
func (k *manager) runConn(ctx context.Context) (worked bool, err error) {
	c, err := k.dial(ctx)
	if c == nil {
		return false, err
	}
	defer c.close()
	var rest, seek <-chan time.Time
	for {
		busy, away, err := c.reconcile(ctx)
		if err != nil {
			return c.worked.Load(), k.l.shared.Sender.Classify(ctx, err)
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
			_, _ = k.reassign(ctx) // on an error, it is repeated soon
		case <-c.over:
			return c.worked.Load(), k.l.shared.Sender.Classify(ctx, c.err)
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
var errSilent = send.WithClass(send.ErrUnavailable, errors.New("a probe message did not arrive: the connection is dead, or its server is no longer the master"))

// errNotConnected is the error of a dial that took too long.
var errNotConnected = send.WithClass(send.ErrUnavailable, errors.New("no connection in time; the server does not reply"))

// dial opens a connection. It returns nil and no error if the manager has no subscriptions.
func (k *manager) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	var node subscriber
	var name string
	for node == nil {
		var err error
		if node, err = k.reassign(ctx); err != nil {
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
	if err := c.connect(soon); err != nil {
		_ = c.ps.Close() // err is the error to return
		if soon.Err() != nil {
			return nil, errNotConnected
		}
		return nil, k.l.shared.Sender.Classify(soon, err)
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
			err = send.WithClass(send.ErrNotSupported, fmt.Errorf("subscriptions through a client of type %T; pass the client inside it", node))
		}
	}()
	return node.Subscribe(ctx), nil
}

// first returns the name of one of the channels, or "" if there are only patterns.
func (k *manager) first() string {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	for ch := range k.subscriptions {
		if ch.kind != Pattern {
			return ch.name
		}
	}
	return ""
}

// reassign moves each subscription whose node has changed to the manager of that node. It
// returns the node of this manager, or nil if no subscription is left.
func (k *manager) reassign(ctx context.Context) (subscriber, error) {
	switch k.l.shared.Redis.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return k.l.shared.Redis, nil
	}
	if k.endpoint.node == "" {
		return k.node(ctx, rand.Text()) // a random node
	}
	k.l.mu.Lock()
	names := slices.Collect(maps.Keys(k.subscriptions))
	k.l.mu.Unlock()
	var own subscriber
	for _, ch := range names {
		p, err := k.l.endpoint(ctx, ch)
		if err == nil && p == k.endpoint && own == nil {
			own, err = k.node(ctx, ch.name)
		}
		if err != nil {
			return nil, err
		}
		k.move(ch, p)
	}
	return own, nil
}

func (k *manager) node(ctx context.Context, key string) (subscriber, error) {
	node, err := k.l.shared.Node(ctx, key)
	if err != nil {
		return nil, k.l.shared.Sender.Classify(ctx, err)
	}
	return node, nil
}

// move moves a subscription to the manager of the endpoint that serves it.
func (k *manager) move(ch channel, to endpoint) {
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	sn := k.subscriptions[ch]
	if sn == nil {
		return
	}
	sn.away = false
	if to == k.endpoint {
		return
	}
	sn.lose()
	delete(k.subscriptions, ch)
	other := k.l.manager(to)
	if there := other.subscriptions[ch]; there != nil { // merge with the other manager's subscription
		there.lost = there.lost || sn.lost
		for _, s := range sn.subs {
			s.subscription = there
			there.subs = append(slices.Clip(there.subs), s)
		}
	} else {
		other.subscriptions[ch] = sn
		sn.manager = other
	}
	other.notify()
}

// broken records that a connection has ended, or could not be opened.
func (k *manager) broken(err error, worked bool) {
	if !worked {
		k.l.reload(context.Background())
	}
	final := permanent(err) && !k.passing(err)
	if !final && (!worked || errors.Is(err, errSilent)) { // otherwise the next one may work at once
		outage.Of(k.l.shared).Begin(outage.Subscriptions, k.server(), err)
	}
	k.l.mu.Lock()
	defer k.l.mu.Unlock()
	k.last = err
	silent := errors.Is(err, errSilent)
	for _, sn := range k.subscriptions {
		sn.lose()
		switch {
		case final:
			sn.fail(err)
			continue
		case !worked || silent:
			sn.reportGap(silent)
		}
		for _, s := range sn.subs {
			if s.tries++; !s.live && s.tries >= maxTries {
				sn.remove(s)
				s.fail(err)
			}
		}
	}
}

// served records that the connection works.
func (k *manager) served() {
	outage.Of(k.l.shared).End(outage.Subscriptions, k.server())
}

// server returns the name of the manager's server for logs.
func (k *manager) server() string {
	if c, ok := k.l.shared.Redis.(*redis.Client); ok {
		return outage.Server(c)
	}
	return cmp.Or(k.endpoint.node, outage.Server(nil))
}

// passing reports whether err is transient because a cluster client has only closed the client
// of one node.
func (k *manager) passing(err error) bool {
	if !errors.Is(err, redis.ErrClosed) {
		return false
	}
	if _, ok := k.l.shared.Redis.(*redis.ClusterClient); !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	err = k.l.shared.Sender.Read(ctx, redis.NewStatusCmd(ctx, "ping"))
	return !errors.Is(err, redis.ErrClosed)
}
