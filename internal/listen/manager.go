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

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	linger      = time.Second            // how long an unused connection stays open
	maxTries    = 4                      // failed connections after which Subscribe fails
	dialTime    = 10 * time.Second       // time limit for connecting
	lookupPause = 100 * time.Millisecond // time between two lookups of the node of a slot
)

// pauses are the pauses before connecting again.
var pauses = backoff.Range{First: 10 * time.Millisecond, Last: time.Second}

// manager keeps one connection open while there are subscribers for it.
type manager struct {
	listener *Listener
	endpoint endpoint
	wakeup   chan struct{} // wakes the manager; holds one

	confirmLimit  time.Duration             // see confirm; used by the manager's goroutine
	subscriptions map[channel]*subscription // guarded by the listener's mutex
	lastErr       error                     // why no connection works, or nil; guarded likewise
}

// notify wakes the manager.
func (m *manager) notify() { signal(m.wakeup) }

// run is the goroutine of the manager. It ends shortly after the last subscriber has left.
func (m *manager) run() {
	ctx := context.Background()
	m.confirmLimit = minConfirmLimit
	for pause := pauses.Start(); ; {
		worked, err := m.runConn(ctx)
		if err == nil {
			return // the manager has retired
		}
		if worked {
			pause.Reset()
			m.confirmLimit = minConfirmLimit
		} else {
			m.confirmLimit = min(2*m.confirmLimit, maxConfirmLimit)
		}
		m.recordFailure(err, worked)
		if m.retire() {
			return
		}
		pause.Wait(ctx)
	}
}

// retire ends the manager if it has no subscriptions, and reports whether it did.
func (m *manager) retire() bool {
	m.listener.mu.Lock()
	defer m.listener.mu.Unlock()
	if len(m.subscriptions) > 0 {
		return false
	}
	delete(m.listener.managers, m.endpoint)
	return true
}

// runConn runs one connection until it ends. It returns a nil error when the manager has
// retired. worked reports whether the connection has worked.
func (m *manager) runConn(ctx context.Context) (worked bool, err error) {
	c, err := m.dial(ctx)
	if c == nil {
		return false, err
	}
	defer c.close()
	var idle, lookup <-chan time.Time
	for {
		used, slotMoved, err := c.reconcile(ctx)
		if err != nil {
			return c.worked.Load(), m.listener.shared.Sender.Classify(ctx, err)
		}
		switch {
		case used:
			idle = nil
		case idle == nil:
			idle = time.After(linger)
		}
		if slotMoved && lookup == nil {
			m.listener.reloadSlots(ctx)
			lookup = time.After(lookupPause)
		}
		select {
		case <-m.wakeup:
		case <-idle:
			if m.retire() {
				return true, nil
			}
		case <-lookup:
			lookup = nil
			_, _ = m.reassign(ctx) // on an error, it is repeated soon
		case <-c.readDone:
			return c.worked.Load(), m.listener.shared.Sender.Classify(ctx, c.err)
		case <-c.probe.arrived:
			c.probe.recordArrival()
			if c.worked.Load() {
				m.recordSuccess()
			}
			if c.probe.usePing.Load() { // no probe finds a deposed master
				_, _ = m.reassign(ctx) // on an error, it is repeated with the next reply
			}
		case <-c.probe.publishDone:
			c.probe.recordPublished(c)
		case <-c.confirmTimer.timer.C:
			urgent, err := c.checkUnconfirmed()
			if err != nil {
				m.listener.reloadSlots(ctx)
				return c.worked.Load(), err
			}
			if urgent {
				c.probe.expedite(ctx, c)
			}
		case <-c.probe.timer.C:
			if !c.probe.timerFired(ctx, c) {
				m.listener.reloadSlots(ctx)
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
func (m *manager) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	var node redis.UniversalClient
	var name string
	for node == nil {
		var err error
		if node, err = m.reassign(ctx); err != nil {
			return nil, err
		}
		if name = m.anyChannel(); m.retire() {
			return nil, nil
		}
	}
	ps, err := open(ctx, node)
	if err != nil {
		return nil, err
	}
	c := newConn(m, ps, name)
	soon, stop := context.WithTimeout(ctx, 2*m.confirmLimit)
	defer stop()
	if err := c.connect(soon); err != nil {
		_ = c.ps.Close() // err is the error to return
		if soon.Err() != nil {
			return nil, errNotConnected
		}
		return nil, m.listener.shared.Sender.Classify(soon, err)
	}
	go c.read()
	return c, nil
}

// open returns a PubSub without channels, and sends nothing. go-redis panics if node is a
// ring. A ring inside a type of the user is not recognized as one before.
func open(ctx context.Context, node redis.UniversalClient) (ps *redis.PubSub, err error) {
	defer func() {
		if p := recover(); p != nil || ps == nil {
			err = send.WithClass(send.ErrNotSupported, fmt.Errorf("subscriptions through a client of type %T; pass the client inside it", node))
		}
	}()
	return node.Subscribe(ctx), nil
}

// anyChannel returns the name of one of the channels, or "" if there are only patterns.
func (m *manager) anyChannel() string {
	m.listener.mu.Lock()
	defer m.listener.mu.Unlock()
	for ch := range m.subscriptions {
		if ch.kind != Pattern {
			return ch.name
		}
	}
	return ""
}

// reassign moves each subscription whose node has changed to the manager of that node. It
// returns the node of this manager, or nil if no subscription is left.
func (m *manager) reassign(ctx context.Context) (own redis.UniversalClient, err error) {
	switch m.listener.shared.Redis.(type) {
	case *redis.ClusterClient, *redis.Ring:
	default:
		return m.listener.shared.Redis, nil
	}
	if m.endpoint.node == "" {
		node, err := m.listener.shared.Node(ctx, rand.Text()) // a random node
		return node, m.listener.shared.Sender.Classify(ctx, err)
	}
	m.listener.mu.Lock()
	names := slices.Collect(maps.Keys(m.subscriptions))
	m.listener.mu.Unlock()
	for _, ch := range names {
		ep, node, err := m.listener.endpoint(ctx, m.endpoint.class, ch)
		if err != nil {
			return nil, err
		}
		if ep == m.endpoint {
			own = node
		}
		m.move(ch, ep)
	}
	return own, nil
}

// move moves a subscription to the manager of the endpoint that serves it.
func (m *manager) move(ch channel, to endpoint) {
	var woken []*Sub
	defer func() { wakeAll(woken) }() // after the mutex is unlocked
	m.listener.mu.Lock()
	defer m.listener.mu.Unlock()
	sn := m.subscriptions[ch]
	if sn == nil {
		return
	}
	sn.slotMoved = false
	if to == m.endpoint {
		return
	}
	sn.markLost()
	delete(m.subscriptions, ch)
	other := m.listener.manager(to)
	if there := other.subscriptions[ch]; there != nil {
		there.merge(sn)
		if there.confirmed {
			woken = sn.subs
		}
	} else {
		other.subscriptions[ch] = sn
		sn.manager = other
	}
	other.notify()
}

// recordFailure records that a connection has ended, or could not be opened.
func (m *manager) recordFailure(err error, worked bool) {
	if !worked {
		m.listener.reloadSlots(context.Background())
	}
	final := send.Permanent(err) && !m.nodeClosed(err)
	if !final && (!worked || errors.Is(err, errSilent)) { // otherwise the next one may work at once
		outage.Of(m.listener.shared).Begin(m.purpose(), m.server(), err)
	}
	m.listener.mu.Lock()
	defer m.listener.mu.Unlock()
	m.lastErr = err
	silent := errors.Is(err, errSilent)
	for _, sn := range m.subscriptions {
		sn.markLost()
		switch {
		case final:
			sn.fail(err)
			continue
		case !worked || silent:
			sn.reportGap(silent)
		}
		for _, s := range sn.subs {
			if s.failures++; !s.live && s.failures >= maxTries {
				sn.remove(s)
				s.fail(err)
			}
		}
	}
}

// recordSuccess records that the connection works.
func (m *manager) recordSuccess() {
	outage.Of(m.listener.shared).End(m.purpose(), m.server())
}

// purpose returns the name of the manager's class for logs.
func (m *manager) purpose() string {
	if m.endpoint.class == WakeUps {
		return outage.WakeUpSubscriptions
	}
	return outage.Subscriptions
}

// server returns the name of the manager's server for logs.
func (m *manager) server() string {
	if c, ok := m.listener.shared.Redis.(*redis.Client); ok {
		return outage.Server(c)
	}
	return cmp.Or(m.endpoint.node, outage.Server(nil))
}

// nodeClosed reports whether err is transient because a client has only closed the client of
// one of its nodes.
func (m *manager) nodeClosed(err error) bool {
	shared := m.listener.shared
	return errors.Is(err, redis.ErrClosed) && shared.Slotted() && !shared.Sender.Closed()
}
