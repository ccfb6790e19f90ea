package worker

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// callKey identifies a call at a worker.
type callKey struct {
	inbox string
	id    uint64
}

// runningCalls holds the calls that a worker runs, and the keys of calls that were
// canceled before the worker took them. Calls are kept in a linked list, since they start
// and end far more often than they are canceled. The list is searched once per cancel
// message.
type runningCalls struct {
	mu       sync.Mutex
	head     *callContext
	canceled map[callKey]struct{}
	ring     []callKey // the keys in canceled, as a ring buffer
	ringNext int
}

const maxCanceled = 8192

// add adds a call that starts. It returns false if the call expired or was canceled.
func (m *runningCalls) add(c *callContext) bool {
	if c.expired() {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.canceled) > 0 {
		if _, canceled := m.canceled[c.key()]; canceled {
			delete(m.canceled, c.key())
			return false
		}
	}
	if c.next = m.head; c.next != nil {
		c.next.prev = c
	}
	m.head = c
	return true
}

// remove removes a call that has ended, and ends its context.
func (m *runningCalls) remove(c *callContext) {
	m.mu.Lock()
	if c.prev == nil {
		m.head = c.next
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

// cancel ends the contexts of canceled calls of one client. It remembers the IDs of calls
// that this worker does not run, since they may arrive later.
func (m *runningCalls) cancel(msg wire.CancelMessage) {
	ids := make(map[uint64]struct{}, len(msg.IDs))
	for _, id := range msg.IDs {
		ids[id] = struct{}{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := m.head; c != nil && len(ids) > 0; c = c.next {
		if _, ok := ids[c.info.ID]; ok && c.info.Caller == msg.Inbox {
			delete(ids, c.info.ID)
			go c.cancel(context.Canceled) // cancel runs functions that depend on the context
		}
	}
	if len(ids) == 0 {
		return
	}
	if m.canceled == nil {
		m.canceled, m.ring = map[callKey]struct{}{}, make([]callKey, maxCanceled)
	}
	inbox := strings.Clone(msg.Inbox)
	for id := range ids {
		key := callKey{inbox, id}
		delete(m.canceled, m.ring[m.ringNext])
		m.canceled[key] = struct{}{}
		m.ring[m.ringNext] = key
		m.ringNext = (m.ringNext + 1) % maxCanceled
	}
}

// cancelAll ends the contexts of all calls.
func (m *runningCalls) cancelAll(cause error) {
	m.mu.Lock()
	var all []*callContext
	for c := m.head; c != nil; c = c.next {
		all = append(all, c)
	}
	m.mu.Unlock()
	for _, c := range all {
		c.cancel(cause)
	}
}

// receiveCancels receives cancels until ended is closed. It calls onSubscribed after each
// attempt to subscribe.
func (r *run) receiveCancels(ended <-chan struct{}, onSubscribed func()) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		select {
		case <-ended:
			stop()
		case <-ctx.Done():
		}
	}()
	kind := listen.Channel
	if _, cluster := r.shared.Redis.(*redis.ClusterClient); cluster {
		kind = listen.Shard
	}
	for retry := resp.Pauses.Start(); ctx.Err() == nil; retry.WaitUntil(ended) {
		sub, err := listen.Of(r.shared).Subscribe(ctx, listen.Request{Class: listen.WakeUps, Kind: kind, Name: r.w.keys.Cancel, Backlog: 1024, Policy: listen.DropOldest})
		onSubscribed()
		if err == nil {
			err = r.receiveFrom(ctx, sub)
			_ = sub.Close() // never fails
		}
		if err == nil || errors.Is(err, context.Canceled) {
			continue
		}
		switch {
		case errors.Is(err, send.ErrClosed): // the worker ends
			return
		case send.Permanent(err):
			r.w.Log.Warn("desir: a worker cannot receive cancels; handlers of canceled calls run to their deadlines", "service", r.w.label(), "error", err)
			return
		case retry.Fresh():
			r.w.Log.Warn("desir: a worker cannot receive cancels; it retries", "service", r.w.label(), "error", err)
		}
	}
}

// receiveFrom receives cancels until ctx ends.
func (r *run) receiveFrom(ctx context.Context, sub *listen.Sub) error {
	for {
		item, ok, err := sub.Next(ctx, nil)
		if err != nil || !ok {
			return err
		}
		r.running.cancel(wire.ParseCancel(item.Payload))
	}
}
