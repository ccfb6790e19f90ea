package listen

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// shut ends all subscriptions. The messages in their backlogs can still be taken.
func (l *Listener) shut(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.managers {
		for _, sn := range k.subscriptions {
			for _, s := range sn.subs {
				s.fail(send.ErrCloseCalled)
				sn.remove(s)
			}
		}
		k.notify()
	}
	return nil
}
