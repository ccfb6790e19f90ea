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

// drain waits for the results of the pending calls. When ctx ends, it ends the calls that
// have no result.
func (ib *inbox) drain(ctx context.Context) error {
	err := send.PollUntil(ctx, func() bool { return ib.pendingCount() == 0 })
	n := ib.pendingCount()
	if err == nil || n == 0 {
		return nil
	}
	ib.failWhere(func(*pendingCall) bool { return true }, send.WithClass(send.ErrMaybeRan, send.ErrCloseCalled))
	return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: calls without a result: %d", err, n))
}

// pendingCount returns the number of calls that wait for their results.
func (ib *inbox) pendingCount() int {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return len(ib.pending)
}
