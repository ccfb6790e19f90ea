package rpc

import (
	"context"
	"fmt"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// onClose has a worker shut down when its client is being closed.
func onClose(h *hub.Hub, s *Server) (cancel func()) { return h.OnClose(hub.EndReceiving, s.Shutdown) }

// shut waits for the results of the calls that are out, and ends those whose results have not
// come when ctx ends.
func (b *inbox) shut(ctx context.Context) error {
	err := send.Await(ctx, func() bool { return b.out() == 0 })
	n := b.out()
	if err == nil || n == 0 {
		return nil
	}
	b.end(func(*call) bool { return true }, send.Fault(send.ErrMaybeRan, send.ErrShut))
	return send.Fault(send.ErrMaybeRan, fmt.Errorf("%w: calls whose results have not come: %d", err, n))
}

// out returns how many calls wait for their results.
func (b *inbox) out() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}
