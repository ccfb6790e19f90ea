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
	pulse    = 3 * time.Second // between two pings of the subscriptions' connection
	confirms = time.Second     // that the connection may be silent while a subscription is to be confirmed
	silence  = 8 * time.Second // after which it counts as dead
	lineName = "desir"         // of the pings
)

// listener rings by messages in the sharded channels of one node of a cluster.
type listener struct {
	dedicated
	sub    *redis.PubSub // of the loop's goroutine; nil while the bell is closed
	pinged time.Time     // of the loop's goroutine

	mu       sync.Mutex
	channels map[string][]*line // that are subscribed, by their name
	live     *redis.PubSub      // that listens for them
	broken   bool               // its connection is gone, and the subscriptions with it
	asked    []asked            // subscriptions that are not confirmed, in order
	heard    time.Time          // when something arrived last
}

// asked is a subscription that is to be confirmed.
type asked struct {
	name string
	at   time.Time
}

func newListener(l *loop) *listener { return &listener{dedicated: dedicated{loop: l}} }

// stir has nothing to do: the loop's kick ends the rest.
func (b *listener) stir(*line, bool) {}

func (b *listener) close() {
	b.mute()
	b.dedicated.close()
}

// mute ends the connection of the subscriptions.
func (b *listener) mute() {
	if b.sub != nil {
		_ = b.sub.Close() // its goroutine ends with it
		b.sub = nil
		b.mu.Lock()
		b.live = nil
		b.mu.Unlock()
	}
}

// rest waits for a message about a line, for somebody who comes, or for the
// end of the period.
func (b *listener) rest(ctx context.Context, lines []*line) ([]*line, error) {
	if err := b.subscribe(ctx, lines); err != nil {
		b.mute()
		return nil, b.loop.w.hub.Send.Explain(ctx, err)
	}
	timer := time.NewTimer(period - time.Since(b.loop.looked))
	defer timer.Stop()
	select {
	case <-b.loop.kick:
		return nil, nil
	case <-timer.C:
		return lines, nil
	}
}

// subscribe brings the channels in line with the lines.
func (b *listener) subscribe(ctx context.Context, lines []*line) error {
	wanted := make(map[string][]*line, len(lines))
	for _, ln := range lines {
		wanted[ln.source.Wake] = append(wanted[ln.source.Wake], ln)
	}
	gone, come, anew := b.change(wanted)
	if anew {
		b.mute()
	}
	if b.sub == nil {
		b.sub, b.pinged = b.loop.node.SSubscribe(ctx), time.Now()
		b.mu.Lock()
		b.live = b.sub
		b.mu.Unlock()
		go b.listen(b.sub)
	}
	for _, name := range gone { // one at a time: they may be of many slots
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

// change notes which channels are wanted from now on, and returns what to do:
// anew means on a new connection, since go-redis would ask for the channels of
// all slots in one command, which a cluster refuses.
func (b *listener) change(wanted map[string][]*line) (gone, come []string, anew bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	anew = b.sub == nil || b.broken || b.unconfirmed()
	if anew {
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
	return gone, come, anew
}

// unconfirmed reports whether the connection is silent while a subscription is to be
// confirmed. Another one costs nothing but to subscribe again. The mutex is held.
func (b *listener) unconfirmed() bool {
	return len(b.asked) > 0 && time.Since(b.asked[0].at) > confirms && time.Since(b.heard) > confirms
}

// confirmed notes a reply to a subscription; "" is one to the oldest. The mutex is held.
func (b *listener) confirmed(sub *redis.PubSub, name string) {
	if b.live == sub && len(b.asked) > 0 && (name == "" || b.asked[0].name == name) {
		b.asked = b.asked[1:]
	}
}

// listen makes lines fresh by what arrives: a message, and the word that a
// subscription holds, since something may have come before it. It ends with
// the connection, or when not even a ping is answered.
func (b *listener) listen(sub *redis.PubSub) {
	for {
		var event any
		err := send.GuardRead(func() (err error) {
			event, err = sub.ReceiveTimeout(context.Background(), silence)
			return err
		})
		var refused redis.Error
		switch {
		case errors.As(err, &refused): // of one channel; the looks once a second go on
			b.mu.Lock()
			b.heard = time.Now()
			var name string
			if len(b.asked) > 0 {
				name = b.asked[0].name
			}
			b.confirmed(sub, "")
			b.mu.Unlock()
			outage.Of(b.loop.w.hub).Without(outage.WakeUps, name, b.loop.w.hub.Send.Explain(context.Background(), err))
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
		lines := b.channels[name]
		b.mu.Unlock()
		if lines != nil {
			b.loop.freshen(lines)
			b.loop.ring()
		}
	}
}

// lose notes that a connection is gone, unless it was given up.
func (b *listener) lose(sub *redis.PubSub) {
	b.mu.Lock()
	b.broken = b.broken || b.live == sub
	b.mu.Unlock()
	_ = sub.Close() // it would dial again by itself
	b.loop.ring()
}
