package listen

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// close ends all subscriptions. The messages in their backlogs can still be taken.
func (l *Listener) close(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.managers {
		for _, sn := range m.subscriptions {
			for _, s := range sn.subs {
				s.fail(send.ErrCloseCalled)
				sn.remove(s)
			}
		}
		m.notify()
	}
	return nil
}
