package wait

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	pingPeriod    = 3 * time.Second // time between two pings of the subscription connection
	confirmTime   = time.Second     // silence after which an unconfirmed subscription is repeated
	maxSubSilence = 8 * time.Second // silence after which the connection counts as dead
	pingPayload   = "desir"         // payload of the pings
)

// subscriber waits for wake-ups in the sharded channels of one node of a cluster.
type subscriber struct {
	dedicated
	sub    *redis.PubSub // used by the loop's goroutine; nil while closed
	pinged time.Time     // used by the loop's goroutine

	mu           sync.Mutex
	channels     map[string][]*waitQueue // the queues of each subscribed channel
	current      *redis.PubSub           // the current subscription connection
	broken       bool                    // current is gone
	pending      []pendingSub            // unconfirmed subscriptions, in order
	lastReceived time.Time               // when something arrived last
}

// pendingSub is an unconfirmed subscription.
type pendingSub struct {
	channel string
	sent    time.Time
}

func newSubscriber(l *loop) *subscriber { return &subscriber{dedicated: dedicated{loop: l}} }

// interrupt does nothing, since the wake-up of the loop ends the wait.
func (s *subscriber) interrupt(*waitQueue, bool) {}

func (s *subscriber) close() {
	s.closeSub()
	s.dedicated.close()
}

// closeSub closes the subscription connection.
func (s *subscriber) closeSub() {
	if s.sub != nil {
		_ = s.sub.Close() // its goroutine ends with it
		s.sub = nil
		s.mu.Lock()
		s.current = nil
		s.mu.Unlock()
	}
}

// block waits until a message or a new receiver wakes the loop, or for the end of the period.
func (s *subscriber) block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error) {
	if err := s.subscribe(ctx, queues); err != nil {
		s.closeSub()
		return nil, s.loop.waiter.shared.Sender.Classify(ctx, err)
	}
	timer := time.NewTimer(period - time.Since(s.loop.allChecked))
	defer timer.Stop()
	select {
	case <-s.loop.wakeup:
		return nil, nil
	case <-timer.C:
		return queues, nil
	}
}

// subscribe subscribes to the wake channels of the queues, and to no others.
func (s *subscriber) subscribe(ctx context.Context, queues []*waitQueue) error {
	wanted := make(map[string][]*waitQueue, len(queues))
	for _, q := range queues {
		wanted[q.source.Wake] = append(wanted[q.source.Wake], q)
	}
	removed, added, reconnect := s.update(wanted)
	if reconnect {
		s.closeSub()
	}
	if s.sub == nil {
		s.sub, s.pinged = s.loop.node.SSubscribe(ctx), time.Now()
		s.mu.Lock()
		s.current = s.sub
		s.mu.Unlock()
		go s.read(s.sub)
	}
	for _, name := range removed { // one at a time, since they may be in different slots
		if err := s.sub.SUnsubscribe(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range added {
		s.mu.Lock()
		s.pending = append(s.pending, pendingSub{name, time.Now()})
		s.mu.Unlock()
		if err := s.sub.SSubscribe(ctx, name); err != nil {
			return err
		}
	}
	if time.Since(s.pinged) < pingPeriod {
		return nil
	}
	s.pinged = time.Now()
	return s.sub.Ping(ctx, pingPayload)
}

// update records the wanted channels, and returns which to unsubscribe and to subscribe.
// reconnect means on a new connection. The old one is not reused after it broke, since
// go-redis would subscribe to the channels of all slots in one command, which a cluster
// refuses.
func (s *subscriber) update(wanted map[string][]*waitQueue) (removed, added []string, reconnect bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reconnect = s.sub == nil || s.broken || s.unconfirmed()
	if reconnect {
		s.channels, s.broken, s.pending = nil, false, nil
	}
	for name := range s.channels {
		if wanted[name] == nil {
			removed = append(removed, name)
		}
	}
	for name := range wanted {
		if s.channels[name] == nil {
			added = append(added, name)
		}
	}
	s.channels = wanted
	return removed, added, reconnect
}

// unconfirmed reports whether the connection was silent for too long after a subscription.
// Replacing it only costs the subscriptions. The mutex is held.
func (s *subscriber) unconfirmed() bool {
	return len(s.pending) > 0 && time.Since(s.pending[0].sent) > confirmTime && time.Since(s.lastReceived) > confirmTime
}

// confirmed records the reply to a subscription; "" is the oldest one. The mutex is held.
func (s *subscriber) confirmed(sub *redis.PubSub, name string) {
	if s.current == sub && len(s.pending) > 0 && (name == "" || s.pending[0].channel == name) {
		s.pending = s.pending[1:]
	}
}

// read marks queues as dirty when a message or the confirmation of a subscription arrives,
// since values may have come before the confirmation. It ends when the connection breaks, or
// when no reply to a ping arrives.
func (s *subscriber) read(sub *redis.PubSub) {
	for {
		var event any
		err := send.CatchReadPanic(func() (err error) {
			event, err = sub.ReceiveTimeout(context.Background(), maxSubSilence)
			return err
		})
		var refused redis.Error
		switch {
		case errors.As(err, &refused): // concerns one channel; the takes once a second go on
			s.mu.Lock()
			s.lastReceived = time.Now()
			var name string
			if len(s.pending) > 0 {
				name = s.pending[0].channel
			}
			s.confirmed(sub, "")
			s.mu.Unlock()
			outage.Of(s.loop.waiter.shared).Without(outage.WakeUps, name, s.loop.waiter.shared.Sender.Classify(context.Background(), err))
			continue
		case err != nil:
			s.markBroken(sub)
			return
		}
		var name string
		s.mu.Lock()
		s.lastReceived = time.Now()
		switch e := event.(type) {
		case *redis.Message:
			name = e.Channel
		case *redis.Subscription:
			name = e.Channel
			if e.Kind == "ssubscribe" {
				s.confirmed(sub, name)
			}
		}
		queues := s.channels[name]
		s.mu.Unlock()
		if queues != nil {
			s.loop.markDirty(queues)
			s.loop.notify()
		}
	}
}

// markBroken records that a connection is gone, unless it was replaced already.
func (s *subscriber) markBroken(sub *redis.PubSub) {
	s.mu.Lock()
	s.broken = s.broken || s.current == sub
	s.mu.Unlock()
	_ = sub.Close() // otherwise go-redis would dial again
	s.loop.notify()
}
