package rpc

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/pack"
)

// callKey identifies a call at a worker.
type callKey struct {
	inbox string
	id    uint64
}

// running holds the calls that a worker runs, and the IDs of calls that were canceled
// before the worker took them. Calls are kept in a linked list, since they start and end
// far more often than they are canceled. The list is searched once per cancel message.
type running struct {
	mu     sync.Mutex
	first  *callContext
	gone   map[callKey]struct{}
	recent []callKey // keys in gone, as a ring buffer
	next   int
}

const maxGone = 8192

// enter adds a call that starts. It returns false if the call expired or was canceled.
func (m *running) enter(c *callContext) bool {
	if c.expired() {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.gone) > 0 {
		if _, gone := m.gone[c.key()]; gone {
			delete(m.gone, c.key())
			return false
		}
	}
	if c.next = m.first; c.next != nil {
		c.next.prev = c
	}
	m.first = c
	return true
}

// leave removes a call that has ended, and ends its context.
func (m *running) leave(c *callContext) {
	m.mu.Lock()
	if c.prev == nil {
		m.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil // a handler may keep its context
	m.mu.Unlock()
	c.cancel(nil)
}

// giveUp ends the contexts of canceled calls of one client. It remembers the IDs of calls
// that this worker does not run, since they may arrive later.
func (m *running) giveUp(g givenUp) {
	wanted := make(map[uint64]struct{}, len(g.ids))
	for _, id := range g.ids {
		wanted[id] = struct{}{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := m.first; c != nil && len(wanted) > 0; c = c.next {
		if _, ok := wanted[c.info.ID]; ok && c.info.Caller == g.inbox {
			delete(wanted, c.info.ID)
			go c.cancel(context.Canceled) // cancel runs functions that depend on the context
		}
	}
	if len(wanted) == 0 {
		return
	}
	if m.gone == nil {
		m.gone, m.recent = map[callKey]struct{}{}, make([]callKey, maxGone)
	}
	inbox := strings.Clone(g.inbox)
	for id := range wanted {
		key := callKey{inbox, id}
		delete(m.gone, m.recent[m.next])
		m.gone[key] = struct{}{}
		m.recent[m.next] = key
		m.next = (m.next + 1) % maxGone
	}
}

// cancelAll ends the contexts of all calls.
func (m *running) cancelAll() {
	m.mu.Lock()
	var all []*callContext
	for c := m.first; c != nil; c = c.next {
		all = append(all, c)
	}
	m.mu.Unlock()
	for _, c := range all {
		c.cancel(ErrStopped)
	}
}

// hear receives cancels until ended is closed. It calls heard after each attempt to
// subscribe.
func (r *run) hear(ended <-chan struct{}, heard func()) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		select {
		case <-ended:
			stop()
		case <-ctx.Done():
		}
	}()
	kind, _ := published(r.shared)
	for p := pauses.Start(); ctx.Err() == nil; p.WaitUntil(ended) {
		sub, err := listen.Of(r.shared).Subscribe(ctx, listen.Request{Kind: kind, Name: r.s.service.cancel, Backlog: 1024, Policy: listen.DropOldest})
		heard()
		if err == nil {
			err = r.hearAll(ctx, sub)
			_ = sub.Close() // never fails
		}
		if err == nil || errors.Is(err, context.Canceled) {
			continue
		}
		switch {
		case errors.Is(err, desir.ErrClosed): // the worker ends
			return
		case permanent(err):
			r.s.settings.log.Warn("desir: a worker cannot receive cancels; handlers of canceled calls run to their deadlines", "service", r.s.label(), "error", err)
			return
		case p.Fresh():
			r.s.settings.log.Warn("desir: a worker cannot receive cancels; it retries", "service", r.s.label(), "error", err)
		}
	}
}

// hearAll receives cancels until ctx ends.
func (r *run) hearAll(ctx context.Context, sub *listen.Sub) error {
	for {
		item, ok, err := sub.Next(ctx, nil)
		if err != nil || !ok {
			return err
		}
		r.running.giveUp(readCancel(item.Payload))
	}
}

// givenUp is the content of a cancel message: calls of one client.
type givenUp struct {
	inbox string
	ids   []uint64
}

// readCancel parses a cancel message: an array of an inbox name and the IDs of its calls.
// It ignores everything after an unreadable ID.
func readCancel(message string) (g givenUp) {
	p := pack.Reader{Data: message}
	n := p.Array()
	g.inbox = p.String()
	if !isInbox(g.inbox) {
		return givenUp{}
	}
	for i := 1; i < n; i++ {
		id := p.Uint()
		if p.Bad() {
			break
		}
		g.ids = append(g.ids, id)
	}
	return g
}
