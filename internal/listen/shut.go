package listen

import (
	"context"
	"errors"

	"github.com/desir-go/desir/internal/send"
)

var errShut = send.Fault(send.ErrClosed, errors.New("desir.Close was called for its client"))

// shut ends all subscriptions, each after what is in its backlog.
func (l *Listener) shut(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.links {
		for _, rt := range k.routes {
			for _, s := range rt.subs {
				s.fail(errShut)
				rt.remove(s)
			}
		}
		k.ring()
	}
	return nil
}
