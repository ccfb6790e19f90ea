package listen

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

// Kind is the kind of a subscription.
type Kind uint8

// The kinds of subscriptions.
const (
	Channel Kind = iota // SUBSCRIBE
	Pattern             // PSUBSCRIBE
	Shard               // SSUBSCRIBE
)

// Class is the purpose of a subscription. Each class has its own connections, since a server
// cuts the connection of a subscriber that is too slow.
type Class uint8

// The classes of subscriptions.
const (
	Topics  Class = iota // topics and patterns of the user
	WakeUps              // wake-ups of receivers, news of letters, cancels of calls
)

// Request describes a subscription.
type Request struct {
	Class   Class
	Kind    Kind
	Name    string
	Backlog int    // the number of messages that may wait, at least one
	Policy  Policy // not Block for WakeUps: their connection never waits

	// Notify replaces the backlog. It is called with each message, and with "" when messages
	// may have been missed: after each confirmation of the subscription. It is called with the
	// reason when the subscription has ended, unless Close ended it. It runs on the goroutine
	// that reads the connection, and must not block.
	Notify func(message string, ended error)

	// PublishBarrier publishes a barrier to the channel to, in the form
	// that parseBarrier reads. A request with it expects numbered messages. For a Pattern, it
	// is never called, but must not be nil if messages are numbered.
	PublishBarrier func(ctx context.Context, to string) error
}

// channel identifies a subscription at a server.
type channel struct {
	kind Kind
	name string
}

// endpoint identifies the connection of a subscription. SUBSCRIBE and SSUBSCRIBE do not share
// a connection, since go-redis does not report by which of them a message came.
type endpoint struct {
	class Class
	shard bool
	node  string // "" for any node
}

// Listener holds the subscriptions of one client.
type Listener struct {
	shared *clients.Shared

	mu       sync.Mutex // guards managers and everything in them except the backlogs
	managers map[endpoint]*manager
}

type sharedKey struct{}

// Of returns the listener that the objects of a client share.
func Of(shared *clients.Shared) *Listener {
	return clients.Value(shared, sharedKey{}, func() *Listener {
		l := &Listener{shared: shared, managers: map[endpoint]*manager{}}
		shared.OnClose(clients.EndReceiving, l.close)
		return l
	})
}

// Subscribe subscribes and waits until the server has confirmed the subscription. For numbered
// messages, it also waits until the first number is known. It fails after four connections
// that broke before that.
func (l *Listener) Subscribe(ctx context.Context, r Request) (*Sub, error) {
	start := time.Now()
	s := newSub(l, r)
	if err := l.start(ctx, s); err != nil {
		return nil, err
	}
	select {
	case <-s.started:
		return s, s.Err()
	case <-ctx.Done():
		trouble := s.trouble()
		if trouble == nil && time.Since(start) > outage.Overdue {
			trouble = outage.ErrSilent
		}
		_ = s.Close() // never fails
		return nil, outage.Ended(ctx, trouble)
	}
}

// Attach is like Subscribe, but does not wait for the confirmation. Transient errors do not end
// the subscription, however many connections break before the confirmation.
func (l *Listener) Attach(ctx context.Context, r Request) (*Sub, error) {
	s := newSub(l, r)
	s.setLive()
	if err := l.start(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// start adds a subscriber at the endpoint that serves its channel.
func (l *Listener) start(ctx context.Context, s *Sub) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := l.refuseKeyEvents(s.channel); err != nil {
		return err
	}
	ep, _, err := l.endpoint(ctx, s.class, s.channel)
	if err == nil {
		l.add(s, ep)
	}
	return err
}

var errRingPattern = errors.New("patterns over a ring of servers")

// endpoint returns the endpoint that serves a channel, and its client.
func (l *Listener) endpoint(ctx context.Context, class Class, ch channel) (ep endpoint, client redis.UniversalClient, err error) {
	ep = endpoint{class: class, shard: ch.kind == Shard}
	switch l.shared.Redis.(type) {
	case *redis.Client:
		return ep, l.shared.Redis, nil
	case *redis.ClusterClient:
		if !ep.shard {
			return ep, nil, nil // every node has every message
		}
	case *redis.Ring:
		if ch.kind == Pattern {
			return ep, nil, send.WithClass(send.ErrNotSupported, errRingPattern)
		}
	default: // the nodes are not known, but a slot is in one of them
		if ep.shard {
			ep.node = strconv.Itoa(keys.Slot(ch.name))
		}
		return ep, l.shared.Redis, nil
	}
	node, err := l.shared.Node(ctx, ch.name)
	if err != nil {
		return ep, nil, l.shared.Sender.Classify(ctx, err)
	}
	ep.node = node.Options().Addr
	return ep, node, nil
}

// add adds a subscriber, and starts its manager if there is none.
func (l *Listener) add(s *Sub, ep endpoint) {
	l.mu.Lock()
	m := l.manager(ep)
	sn := m.subscriptions[s.channel]
	if sn == nil {
		sn = &subscription{channel: s.channel, manager: m}
		m.subscriptions[s.channel] = sn
	}
	s.subscription = sn
	sn.subs = append(slices.Clip(sn.subs), s) // the reader may be using the old slice
	sn.needsBarrier = sn.needsBarrier || sn.confirmed && sn.wantsBarrier()
	sn.startSubs()
	m.notify()
	confirmed := sn.confirmed
	l.mu.Unlock()
	if confirmed {
		s.wake()
	}
}

// manager returns the manager of an endpoint, and starts it if there is none. The mutex is
// held.
func (l *Listener) manager(ep endpoint) *manager {
	m := l.managers[ep]
	if m == nil {
		m = &manager{listener: l, endpoint: ep, wakeup: make(chan struct{}, 1), subscriptions: map[channel]*subscription{}}
		l.managers[ep] = m
		go m.run()
	}
	return m
}

// remove removes a subscriber.
func (l *Listener) remove(s *Sub) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sn := s.subscription; sn != nil {
		sn.remove(s)
		sn.manager.notify()
	}
}

// reloadSlots makes a cluster client reload its slot map.
func (l *Listener) reloadSlots(ctx context.Context) {
	if c, ok := l.shared.Redis.(*redis.ClusterClient); ok {
		c.ReloadState(ctx)
	}
}
