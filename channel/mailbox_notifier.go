package channel

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/wait"
)

// rescanTime is the time between two scans of all letters by a selective receiver.
const rescanTime = time.Second

// notifyChannel returns the publish/subscribe channel that announces letters to an address.
func notifyChannel(address string) string { return keys.Part(address, "news") }

// letterNotifier notifies one selective receiver of new letters, and of the time to scan all
// letters.
type letterNotifier struct {
	shared     *clients.Shared
	name       string
	subscribed chan *listen.Sub // delivers the subscription, or nil if it failed; nil before subscribe
	cancel     context.CancelFunc
	sub        *listen.Sub // nil while there is no subscription
	nextScan   time.Time   // of the next scan of all letters
}

// wait returns true when letters may have arrived, and false when all letters have to be
// scanned. Redis may refuse or not confirm the subscription; then only the timer counts.
func (n *letterNotifier) wait(ctx context.Context) (came bool, err error) {
	if n.subscribed == nil {
		n.subscribe(ctx)
	}
	timer := time.NewTimer(time.Until(n.nextScan))
	defer timer.Stop()
	if n.sub == nil {
		select {
		case n.sub = <-n.subscribed:
			if n.sub != nil {
				return true, nil // letters may have arrived before the subscription
			}
			n.cancel()
			n.subscribed = nil // the next wait subscribes again
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	} else {
		_, came, err = n.sub.Next(ctx, timer.C) // a gap counts as a notification
		if err == nil || ctx.Err() != nil {
			return came && time.Now().Before(n.nextScan), err
		}
		n.close() // the subscription has ended
		if errors.Is(err, desir.ErrClosed) {
			return false, err
		}
		timer.Reset(time.Until(n.nextScan))
	}
	select {
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// subscribe requests a subscription. It does not wait for the confirmation, so that the
// receiver can scan without one.
func (n *letterNotifier) subscribe(ctx context.Context) {
	r := listen.Request{Kind: listen.Channel, Name: n.name, Backlog: 1, Policy: listen.DropNewest}
	if wait.WakeMode(n.shared) != "" {
		r.Kind = listen.Shard
	}
	subscribed := make(chan *listen.Sub, 1)
	ctx, n.cancel = context.WithCancel(ctx)
	n.subscribed = subscribed
	go func() {
		sub, err := listen.Of(n.shared).Subscribe(ctx, r)
		if err != nil {
			sub = nil
			if ctx.Err() == nil && !errors.Is(err, desir.ErrClosed) {
				outage.Of(n.shared).Without(outage.News, n.name, err)
			}
		}
		subscribed <- sub
	}()
}

// close ends the subscription, even if it is not confirmed yet.
func (n *letterNotifier) close() {
	if n.subscribed == nil {
		return
	}
	n.cancel()
	if n.sub == nil {
		go func(subscribed <-chan *listen.Sub) {
			if sub := <-subscribed; sub != nil {
				_ = sub.Close() // its error is always nil
			}
		}(n.subscribed)
	} else {
		_ = n.sub.Close()
	}
	n.subscribed, n.sub = nil, nil
}
