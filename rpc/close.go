package rpc

import (
	"context"
	"fmt"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// onClose makes a worker shut down when its redis client is closed by desir.
func onClose(h *clients.Shared, s *Server) (cancel func()) {
	return h.OnClose(clients.EndReceiving, s.Shutdown)
}

// shut waits for the results of the pending calls. When ctx ends, it ends the calls that
// have no result.
func (b *inbox) shut(ctx context.Context) error {
	err := send.PollUntil(ctx, func() bool { return b.out() == 0 })
	n := b.out()
	if err == nil || n == 0 {
		return nil
	}
	b.end(func(*call) bool { return true }, send.WithClass(send.ErrMaybeRan, send.ErrCloseCalled))
	return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: calls without a result: %d", err, n))
}

// out returns the number of calls that wait for their results.
func (b *inbox) out() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}
