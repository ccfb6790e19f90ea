package channel

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/wait"
)

// lookAgain is how long after a look at all letters a selective receiver makes the
// next, whatever news come.
const lookAgain = time.Second

// newsOf is the channel that tells of letters to an address.
func newsOf(address string) string { return keys.Part(address, "news") }

// news tells one selective receiver that letters have come, and when to look at
// all. The zero of sub is a receiver that does not listen (yet).
type news struct {
	hub    *hub.Hub
	name   string
	coming chan *listen.Sub // brings the subscription, or nil if there is none; nil: it is to be asked for
	cancel context.CancelFunc
	sub    *listen.Sub
	due    time.Time // of the next look at all letters
}

// wait returns true when letters may have come, and false when it is time to look
// at all of them, whether any came or not. Without a subscription, which Redis may
// refuse, or not confirm, it is the time alone.
func (n *news) wait(ctx context.Context) (came bool, err error) {
	if n.coming == nil {
		n.subscribe(ctx)
	}
	timer := time.NewTimer(time.Until(n.due))
	defer timer.Stop()
	if n.sub == nil {
		select {
		case n.sub = <-n.coming:
			if n.sub != nil {
				return true, nil // before that
			}
			n.cancel()
			n.coming = nil // another one is asked for next time
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	} else {
		_, came, err = n.sub.Next(ctx, timer.C) // a gap is news as well
		if err == nil || ctx.Err() != nil {
			return came && time.Now().Before(n.due), err
		}
		n.close() // the subscription has ended
		if errors.Is(err, desir.ErrClosed) {
			return false, err
		}
		timer.Reset(time.Until(n.due))
	}
	select {
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// subscribe asks for a subscription. A confirmation that does not come does not keep the
// receiver from looking.
func (n *news) subscribe(ctx context.Context) {
	r := listen.Request{Kind: listen.Channel, Name: n.name, Backlog: 1, Policy: listen.DropNewest}
	if wait.Flag(n.hub) != "" {
		r.Kind = listen.Shard
	}
	coming := make(chan *listen.Sub, 1)
	ctx, n.cancel = context.WithCancel(ctx)
	n.coming = coming
	go func() {
		sub, err := listen.Of(n.hub).Subscribe(ctx, r)
		if err != nil {
			sub = nil
			if ctx.Err() == nil && !errors.Is(err, desir.ErrClosed) {
				outage.Of(n.hub).Without(outage.News, n.name, err)
			}
		}
		coming <- sub
	}()
}

// close ends the subscription, also one that is not confirmed yet.
func (n *news) close() {
	if n.coming == nil {
		return
	}
	n.cancel()
	if n.sub == nil {
		go func(coming <-chan *listen.Sub) {
			if sub := <-coming; sub != nil {
				_ = sub.Close() // its error is always nil
			}
		}(n.coming)
	} else {
		_ = n.sub.Close()
	}
	n.coming, n.sub = nil, nil
}
