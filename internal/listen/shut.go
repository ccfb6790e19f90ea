package listen

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// shut ends all subscriptions. The messages in their backlogs can still be taken.
func (l *Listener) shut(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.links {
		for _, rt := range k.routes {
			for _, s := range rt.subs {
				s.fail(send.ErrShut)
				rt.remove(s)
			}
		}
		k.ring()
	}
	return nil
}
