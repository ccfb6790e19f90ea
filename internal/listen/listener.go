package listen

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
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

	// Sync publishes the number of the publishers' counter to the channel mark, in the form
	// that cutMark reads. A request with a Sync expects numbered messages. For a Pattern, Sync
	// is never called, but must not be nil if messages are numbered.
	Sync func(ctx context.Context, mark string) error
}

// wire identifies a subscription at a server.
type wire struct {
	kind Kind
	name string
}

// place identifies the connection of a subscription. SUBSCRIBE and SSUBSCRIBE do not share a
// connection, since go-redis does not report by which of them a message came.
type place struct {
	shard bool
	node  string // "" for any node
}

// Listener holds the subscriptions of one client.
type Listener struct {
	hub *hub.Hub

	mu    sync.Mutex // guards links and everything in them except the backlogs
	links map[place]*link
}

type part struct{}

// Of returns the listener that the objects of a client share.
func Of(h *hub.Hub) *Listener {
	return h.Part(part{}, func() any {
		l := &Listener{hub: h, links: map[place]*link{}}
		h.OnClose(hub.EndReceiving, l.shut)
		return l
	}).(*Listener)
}

// Subscribe subscribes and waits until the server has confirmed the subscription. For numbered
// messages, it also waits until the first number is known. It fails after four connections
// that broke before that.
func (l *Listener) Subscribe(ctx context.Context, r Request) (*Sub, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.refuseKeyEvents(wire{r.Kind, r.Name}); err != nil {
		return nil, err
	}
	p, err := l.place(ctx, wire{r.Kind, r.Name})
	if err != nil {
		return nil, err
	}
	s := newSub(l, r)
	begun := time.Now()
	l.enter(s, p)
	select {
	case <-s.started:
		return s, s.failure()
	case <-ctx.Done():
		trouble := s.trouble()
		if trouble == nil && time.Since(begun) > outage.Overdue {
			trouble = outage.ErrSilent
		}
		_ = s.Close() // never fails
		return nil, outage.Ended(ctx, trouble)
	}
}

var errRingPattern = errors.New("patterns over a ring of servers")

// place returns which connection serves w.
func (l *Listener) place(ctx context.Context, w wire) (place, error) {
	shard := w.kind == Shard
	switch l.hub.Client.(type) {
	case *redis.Client:
		return place{shard: shard}, nil
	case *redis.ClusterClient:
		if !shard {
			return place{}, nil // every node has every message
		}
	case *redis.Ring:
		if w.kind == Pattern {
			return place{}, send.Fault(send.ErrNotSupported, errRingPattern)
		}
	default: // the nodes are not known, but a slot is in one of them
		if shard {
			return place{true, strconv.Itoa(keys.Slot(w.name))}, nil
		}
		return place{}, nil
	}
	node, err := l.hub.Node(ctx, w.name)
	if err != nil {
		return place{}, l.hub.Send.Explain(ctx, err)
	}
	return place{shard, node.Options().Addr}, nil
}

// enter adds a subscriber, and starts its link if there is none.
func (l *Listener) enter(s *Sub, p place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.link(p)
	rt := k.routes[s.wire]
	if rt == nil {
		rt = &route{wire: s.wire, link: k}
		k.routes[s.wire] = rt
	}
	s.route = rt
	rt.subs = append(slices.Clip(rt.subs), s) // the reader may be using the old slice
	rt.ask = rt.ask || rt.confirmed && rt.unsure()
	rt.settle()
	k.ring()
}

// link returns the link of a place, and starts it if there is none. The mutex is held.
func (l *Listener) link(p place) *link {
	k := l.links[p]
	if k == nil {
		k = &link{l: l, place: p, kick: make(chan struct{}, 1), routes: map[wire]*route{}}
		l.links[p] = k
		go k.run()
	}
	return k
}

// leave removes a subscriber.
func (l *Listener) leave(s *Sub) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rt := s.route; rt != nil {
		rt.remove(s)
		rt.link.ring()
	}
}

// reload makes a cluster client reload its slot map.
func (l *Listener) reload(ctx context.Context) {
	if c, ok := l.hub.Client.(*redis.ClusterClient); ok {
		c.ReloadState(ctx)
	}
}

// lasting reports whether an error is permanent, so that it ends subscriptions.
func lasting(err error) bool { return err != nil && !send.Transient(err) }
