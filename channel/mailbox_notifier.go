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
	shared   *clients.Shared
	name     string
	sub      *listen.Sub   // nil while there is no subscription
	letters  chan struct{} // letters may have arrived; holds one
	ended    chan error    // why the subscription has ended; holds one
	nextScan time.Time     // of the next scan of all letters
}

// wait returns true when letters may have arrived, and false when all letters have to be
// scanned. Redis may refuse or not confirm the subscription; then only the timer counts.
func (n *letterNotifier) wait(ctx context.Context) (came bool, err error) {
	if n.sub == nil {
		n.subscribe(ctx)
	}
	timer := time.NewTimer(time.Until(n.nextScan))
	defer timer.Stop()
	for {
		select {
		case <-n.letters:
			return time.Now().Before(n.nextScan), nil
		case err := <-n.ended:
			n.sub = nil // the next wait subscribes again
			if errors.Is(err, desir.ErrClosed) {
				return false, err
			}
			outage.Of(n.shared).Without(outage.News, n.name, err)
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// subscribe requests a subscription. Letters may have arrived before its confirmation, which
// counts as a letter.
func (n *letterNotifier) subscribe(ctx context.Context) {
	letters, ended := make(chan struct{}, 1), make(chan error, 1)
	r := listen.Request{Class: listen.WakeUps, Kind: listen.Channel, Name: n.name, Notify: func(_ string, err error) {
		if err != nil {
			ended <- err // once
			return
		}
		select {
		case letters <- struct{}{}:
		default:
		}
	}}
	if wait.WakeMode(n.shared) != "" {
		r.Kind = listen.Shard
	}
	n.letters, n.ended = letters, ended
	var err error
	if n.sub, err = listen.Of(n.shared).Attach(ctx, r); err != nil {
		ended <- err
	}
}

// close ends the subscription.
func (n *letterNotifier) close() {
	if n.sub != nil {
		_ = n.sub.Close() // never fails
	}
}
