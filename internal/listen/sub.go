package listen

import (
	"context"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/outage"
)

// Item is a message or a gap.
type Item struct {
	Topic, Payload string
	Missed         int64 // for a gap: the number of missed messages, negative if not known
}

// Sub is one subscriber with its backlog.
type Sub struct {
	listener *Listener
	class    Class
	channel
	notify         func(message string, ended error) // replaces the backlog; may be nil
	publishBarrier func(ctx context.Context, to string) error

	// The listener's mutex guards these.
	subscription *subscription
	live         bool // started is closed
	failures     int  // connections that broke before that

	started chan struct{} // closed when Subscribe has succeeded or failed

	mu      sync.Mutex
	backlog backlog
	stuck   bool  // with the policy Block: the subscriber takes nothing, so do not wait for it
	err     error // why it ended; returned after the items in the backlog
	closed  bool
	done    chan struct{} // closed when err or closed is set
	arrived chan struct{} // signals a new item; holds one
	room    chan struct{} // signals that an item was taken; holds one
}

func newSub(l *Listener, r Request) *Sub {
	return &Sub{
		listener:       l,
		class:          r.Class,
		channel:        channel{r.Kind, r.Name},
		notify:         r.Notify,
		publishBarrier: r.PublishBarrier,
		started:        make(chan struct{}),
		backlog:        backlog{bound: r.Backlog, policy: r.Policy},
		done:           make(chan struct{}),
		arrived:        make(chan struct{}, 1),
		room:           make(chan struct{}, 1),
	}
}

// Next waits for the next item. ok is false if the subscriber was closed, or if the channel
// idle fired first. The error is the reason why the subscription ended, or the context's
// error.
func (s *Sub) Next(ctx context.Context, idle <-chan time.Time) (it Item, ok bool, err error) {
	for last := false; ; {
		if ctx.Err() != nil {
			return Item{}, false, outage.Ended(ctx, s.trouble())
		}
		it, ok, ended, err := s.take()
		if ok || ended || last {
			return it, ok, err
		}
		select {
		case <-s.arrived:
		case <-s.done:
		case <-ctx.Done():
		case <-idle:
			last = true // return an item that is already there
		}
	}
}

// trouble returns the reason why the server does not serve the subscription now, or nil.
func (s *Sub) trouble() error {
	s.listener.mu.Lock()
	defer s.listener.mu.Unlock()
	switch {
	case s.subscription == nil:
		return nil
	case s.subscription.confirmed:
		return s.subscription.barrierErr
	default:
		return s.subscription.manager.lastErr
	}
}

func (s *Sub) take() (it Item, ok, ended bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Item{}, false, true, nil
	}
	it, ok = s.backlog.take()
	if !ok {
		return Item{}, false, s.err != nil, s.err
	}
	s.stuck = false
	signal(s.room)
	if !s.backlog.empty() {
		signal(s.arrived) // for another loop
	}
	return it, true, false, nil
}

// Dropped returns how many messages were dropped because the backlog was full.
func (s *Sub) Dropped() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.backlog.dropped
}

// Close ends the subscription and all calls of Next.
func (s *Sub) Close() error {
	s.listener.remove(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.backlog.clear()
	s.end()
	return nil
}

// fail ends the subscription with an error, which Next returns after the items in the backlog.
// The listener's mutex is held.
func (s *Sub) fail(err error) {
	s.mu.Lock()
	if s.notify != nil && s.running() {
		go s.notify("", err) // without the listener's mutex
	}
	if s.err == nil {
		s.err = err
	}
	s.end()
	s.mu.Unlock()
	if !s.live {
		s.setLive()
	}
}

// setLive makes Subscribe return. The listener's mutex is held, or nothing uses s yet.
func (s *Sub) setLive() {
	s.live = true
	close(s.started)
}

// wake calls Notify without a message, if there is a Notify. The listener's mutex is not held.
func (s *Sub) wake() {
	if s.notify != nil {
		s.notify("", nil)
	}
}

// Err returns the reason why the subscription has ended, or nil.
func (s *Sub) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Sub) end() {
	select {
	case <-s.done:
	default:
		close(s.done)
	}
}

// gap adds a gap of n messages.
func (s *Sub) gap(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backlog.gap(n)
	signal(s.arrived)
}

// put adds a message. It is called by one goroutine at a time.
func (s *Sub) put(topic, payload string, w *blockWait) {
	s.mu.Lock()
	for s.backlog.full() && s.backlog.policy == Block && !s.stuck && s.running() {
		s.mu.Unlock()
		waited := w.wait(s)
		s.mu.Lock()
		if !waited && s.backlog.full() {
			s.stuck = true
		}
	}
	defer s.mu.Unlock()
	if !s.running() {
		return
	}
	if !s.backlog.put(topic, payload) {
		s.err = ErrOverflow
		s.end()
		go s.listener.remove(s)
	}
	signal(s.arrived)
}

// running reports whether the subscription has not ended. The mutex is held.
func (s *Sub) running() bool { return !s.closed && s.err == nil }

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
