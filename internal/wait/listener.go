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
	pulse    = 3 * time.Second // time between two pings of the subscription connection
	confirms = time.Second     // silence after which an unconfirmed subscription is repeated
	silence  = 8 * time.Second // silence after which the connection counts as dead
	lineName = "desir"         // payload of the pings
)

// listener waits for wake-ups in the sharded channels of one node of a cluster.
type listener struct {
	dedicated
	sub    *redis.PubSub // used by the loop's goroutine; nil while closed
	pinged time.Time     // used by the loop's goroutine

	mu       sync.Mutex
	channels map[string][]*waitQueue // the queues of each subscribed channel
	live     *redis.PubSub           // the current subscription connection
	broken   bool                    // live is gone
	asked    []asked                 // unconfirmed subscriptions, in order
	heard    time.Time               // when something arrived last
}

// asked is an unconfirmed subscription.
type asked struct {
	name string
	at   time.Time
}

func newListener(l *loop) *listener { return &listener{dedicated: dedicated{loop: l}} }

// interrupt does nothing, since the loop's kick ends the wait.
func (b *listener) interrupt(*waitQueue, bool) {}

func (b *listener) close() {
	b.mute()
	b.dedicated.close()
}

// mute closes the subscription connection.
func (b *listener) mute() {
	if b.sub != nil {
		_ = b.sub.Close() // its goroutine ends with it
		b.sub = nil
		b.mu.Lock()
		b.live = nil
		b.mu.Unlock()
	}
}

// block waits for a kick, caused by a message or a new receiver, or for the end of the period.
func (b *listener) block(ctx context.Context, queues []*waitQueue) ([]*waitQueue, error) {
	if err := b.subscribe(ctx, queues); err != nil {
		b.mute()
		return nil, b.loop.w.shared.Send.Explain(ctx, err)
	}
	timer := time.NewTimer(period - time.Since(b.loop.looked))
	defer timer.Stop()
	select {
	case <-b.loop.kick:
		return nil, nil
	case <-timer.C:
		return queues, nil
	}
}

// subscribe subscribes to the wake channels of the queues, and to no others.
func (b *listener) subscribe(ctx context.Context, queues []*waitQueue) error {
	wanted := make(map[string][]*waitQueue, len(queues))
	for _, q := range queues {
		wanted[q.source.Wake] = append(wanted[q.source.Wake], q)
	}
	gone, come, renew := b.change(wanted)
	if renew {
		b.mute()
	}
	if b.sub == nil {
		b.sub, b.pinged = b.loop.node.SSubscribe(ctx), time.Now()
		b.mu.Lock()
		b.live = b.sub
		b.mu.Unlock()
		go b.listen(b.sub)
	}
	for _, name := range gone { // one at a time, since they may be in different slots
		if err := b.sub.SUnsubscribe(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range come {
		b.mu.Lock()
		b.asked = append(b.asked, asked{name, time.Now()})
		b.mu.Unlock()
		if err := b.sub.SSubscribe(ctx, name); err != nil {
			return err
		}
	}
	if time.Since(b.pinged) < pulse {
		return nil
	}
	b.pinged = time.Now()
	return b.sub.Ping(ctx, lineName)
}

// change records the wanted channels, and returns which to unsubscribe and to subscribe.
// renew means on a new connection. The old one is not reused after it broke, since go-redis
// would subscribe to the channels of all slots in one command, which a cluster refuses.
func (b *listener) change(wanted map[string][]*waitQueue) (gone, come []string, renew bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	renew = b.sub == nil || b.broken || b.unconfirmed()
	if renew {
		b.channels, b.broken, b.asked = nil, false, nil
	}
	for name := range b.channels {
		if wanted[name] == nil {
			gone = append(gone, name)
		}
	}
	for name := range wanted {
		if b.channels[name] == nil {
			come = append(come, name)
		}
	}
	b.channels = wanted
	return gone, come, renew
}

// unconfirmed reports whether the connection was silent for too long after a subscription.
// Replacing it only costs the subscriptions. The mutex is held.
func (b *listener) unconfirmed() bool {
	return len(b.asked) > 0 && time.Since(b.asked[0].at) > confirms && time.Since(b.heard) > confirms
}

// confirmed records the reply to a subscription; "" is the oldest one. The mutex is held.
func (b *listener) confirmed(sub *redis.PubSub, name string) {
	if b.live == sub && len(b.asked) > 0 && (name == "" || b.asked[0].name == name) {
		b.asked = b.asked[1:]
	}
}

// listen marks queues as dirty when a message or the confirmation of a subscription arrives,
// since values may have come before the confirmation. It ends when the connection breaks, or
// when no reply to a ping arrives.
func (b *listener) listen(sub *redis.PubSub) {
	for {
		var event any
		err := send.GuardRead(func() (err error) {
			event, err = sub.ReceiveTimeout(context.Background(), silence)
			return err
		})
		var refused redis.Error
		switch {
		case errors.As(err, &refused): // concerns one channel; the takes once a second go on
			b.mu.Lock()
			b.heard = time.Now()
			var name string
			if len(b.asked) > 0 {
				name = b.asked[0].name
			}
			b.confirmed(sub, "")
			b.mu.Unlock()
			outage.Of(b.loop.w.shared).Without(outage.WakeUps, name, b.loop.w.shared.Send.Explain(context.Background(), err))
			continue
		case err != nil:
			b.lose(sub)
			return
		}
		var name string
		b.mu.Lock()
		b.heard = time.Now()
		switch e := event.(type) {
		case *redis.Message:
			name = e.Channel
		case *redis.Subscription:
			name = e.Channel
			if e.Kind == "ssubscribe" {
				b.confirmed(sub, name)
			}
		}
		queues := b.channels[name]
		b.mu.Unlock()
		if queues != nil {
			b.loop.markDirty(queues)
			b.loop.notify()
		}
	}
}

// lose records that a connection is gone, unless it was replaced already.
func (b *listener) lose(sub *redis.PubSub) {
	b.mu.Lock()
	b.broken = b.broken || b.live == sub
	b.mu.Unlock()
	_ = sub.Close() // otherwise go-redis would dial again
	b.loop.notify()
}
