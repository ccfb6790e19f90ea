package wait

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	unusedTime  = 100 * time.Millisecond // time between two searches for unused subscriptions
	refusedTime = time.Minute            // time between two subscriptions that the server refuses
	anyProcess  = "1"                    // the message that wakes the receivers of all processes
)

// subscriber waits for wake-ups in the sharded channels of one node of a cluster. Only the
// loop's goroutine uses it.
type subscriber struct {
	dedicated
	subs    map[sourceID]*wakeSub
	swept   time.Time // when unused subscriptions were last closed
	retried time.Time // when refused subscriptions were last closed
}

// wakeSub is the subscription of a wait queue.
type wakeSub struct {
	*listen.Sub
	unused bool // the queue was gone at the last search
}

func newSubscriber(l *loop) *subscriber {
	return &subscriber{dedicated: dedicated{loop: l}, subs: map[sourceID]*wakeSub{}, retried: time.Now()}
}

// interrupt does nothing, since the wake-up of the loop ends the wait.
func (s *subscriber) interrupt(*waitQueue, bool) {}

func (s *subscriber) close() {
	for id, sub := range s.subs {
		_ = sub.Close() // never fails
		delete(s.subs, id)
	}
	s.dedicated.close()
}

// block waits until a message or a new receiver wakes the loop, or for the end of the period.
func (s *subscriber) block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error) {
	for _, q := range queues {
		if err := s.subscribe(ctx, q.source); err != nil {
			return nil, err
		}
	}
	if len(s.subs) > len(queues) && time.Since(s.swept) >= unusedTime || time.Since(s.retried) >= refusedTime {
		s.sweep()
	}
	if s.loop.await(s.loop.period - time.Since(s.loop.allChecked)) {
		return nil, nil
	}
	return queues, nil
}

// subscribe subscribes to the wake channel of a source, unless that was done before. It does
// not wait for the confirmation. If the server refuses the subscription, the queue is only
// checked once in a period.
func (s *subscriber) subscribe(ctx context.Context, src Source) error {
	if s.subs[src.id()] != nil {
		return nil
	}
	shared := s.loop.waiter.shared
	notify := func(message string, ended error) {
		switch {
		case ended == nil && src.process != "" && message != "" && message != anyProcess && message != src.process:
			// another process is woken
		case ended == nil:
			s.loop.wake(src.id())
		case !errors.Is(ended, send.ErrClosed):
			outage.Of(shared).Without(outage.WakeUps, src.Wake, ended)
		}
	}
	sub, err := listen.Of(shared).Attach(ctx, listen.Request{Class: listen.WakeUps, Kind: listen.Shard, Name: src.Wake, Notify: notify})
	if err == nil {
		s.subs[src.id()] = &wakeSub{Sub: sub}
	}
	return err
}

// sweep closes the subscriptions of queues that are gone and were gone at the last search. Once
// in a refusedTime it also closes those that have ended, so that the next call of block
// subscribes again.
func (s *subscriber) sweep() {
	s.swept = time.Now()
	retry := s.swept.Sub(s.retried) >= refusedTime
	if retry {
		s.retried = s.swept
	}
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	for id, sub := range s.subs {
		gone := s.loop.queues[id] == nil
		if gone && sub.unused || retry && sub.Err() != nil {
			_ = sub.Close() // never fails
			delete(s.subs, id)
			delete(s.loop.early, id)
		}
		sub.unused = gone
	}
}

// wake marks a queue as dirty and wakes the loop. If there is no queue, its receiver may be
// about to come: it has tried to take a value, and has to wait for a wake-up.
func (l *loop) wake(id sourceID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q := l.queues[id]; q != nil {
		q.dirty = true
		l.notify()
		return
	}
	if l.claims {
		if l.early == nil {
			l.early = map[sourceID]bool{}
		}
		l.early[id] = true
	}
}
