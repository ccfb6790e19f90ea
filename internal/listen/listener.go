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

// Request describes a subscription.
type Request struct {
	Kind    Kind
	Name    string
	Backlog int // the number of messages that may wait, at least one
	Policy  Policy

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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.refuseKeyEvents(channel{r.Kind, r.Name}); err != nil {
		return nil, err
	}
	ep, err := l.endpoint(ctx, channel{r.Kind, r.Name})
	if err != nil {
		return nil, err
	}
	s := newSub(l, r)
	start := time.Now()
	l.add(s, ep)
	select {
	case <-s.started:
		return s, s.failure()
	case <-ctx.Done():
		trouble := s.trouble()
		if trouble == nil && time.Since(start) > outage.Overdue {
			trouble = outage.ErrSilent
		}
		_ = s.Close() // never fails
		return nil, outage.Ended(ctx, trouble)
	}
}

var errRingPattern = errors.New("patterns over a ring of servers")

// endpoint returns the endpoint that serves a channel.
func (l *Listener) endpoint(ctx context.Context, ch channel) (endpoint, error) {
	shard := ch.kind == Shard
	switch l.shared.Redis.(type) {
	case *redis.Client:
		return endpoint{shard: shard}, nil
	case *redis.ClusterClient:
		if !shard {
			return endpoint{}, nil // every node has every message
		}
	case *redis.Ring:
		if ch.kind == Pattern {
			return endpoint{}, send.WithClass(send.ErrNotSupported, errRingPattern)
		}
	default: // the nodes are not known, but a slot is in one of them
		if shard {
			return endpoint{true, strconv.Itoa(keys.Slot(ch.name))}, nil
		}
		return endpoint{}, nil
	}
	node, err := l.shared.Node(ctx, ch.name)
	if err != nil {
		return endpoint{}, l.shared.Sender.Classify(ctx, err)
	}
	return endpoint{shard, node.Options().Addr}, nil
}

// add adds a subscriber, and starts its manager if there is none.
func (l *Listener) add(s *Sub, ep endpoint) {
	l.mu.Lock()
	defer l.mu.Unlock()
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
