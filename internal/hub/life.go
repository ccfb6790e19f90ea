package hub

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Stage is when a part of a client ends, while the client is being closed.
type Stage int

// The stages, in order. Ordinary calls are refused from the second one on: handlers that
// still run may need them.
const (
	EndReceiving Stage = iota // workers, receivers and subscribers: nothing more is taken
	EndCalling                // callers that wait for somebody else's result
	stages
)

// life is how far a client is on its way to be closed.
type life struct {
	shut atomic.Bool // no call may begin

	mu      sync.Mutex
	ends    [stages][]*end
	closing chan struct{} // nil while nobody closes the client; closed when that is done
}

// end is how one part ends.
type end struct{ f func(context.Context) error }

// OnClose has f called when the client is being closed by [Hub.Close]: it ends what a part
// has in flight, and returns when that is done, or with ctx. cancel takes it back.
func (h *Hub) OnClose(stage Stage, f func(context.Context) error) (cancel func()) {
	e := &end{f}
	h.life.mu.Lock()
	defer h.life.mu.Unlock()
	h.life.ends[stage] = append(h.life.ends[stage], e)
	return func() {
		h.life.mu.Lock()
		defer h.life.mu.Unlock()
		h.life.ends[stage] = slices.DeleteFunc(h.life.ends[stage], func(other *end) bool { return other == e })
	}
}

// Shut is the error of calls that began after [Hub.Close], or nil.
func (h *Hub) Shut() error {
	if h.life.shut.Load() {
		return send.ErrShut
	}
	return nil
}

// Close ends what is in flight for the client, stage by stage, and then the client. What
// has not ended when ctx does is cut off, and the error says so. A second Close waits for
// the first.
func (h *Hub) Close(ctx context.Context) error {
	h.life.mu.Lock()
	if closing := h.life.closing; closing != nil {
		h.life.mu.Unlock()
		select {
		case <-closing:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.life.closing = make(chan struct{})
	h.life.mu.Unlock()
	defer close(h.life.closing)

	err := h.end(ctx, EndReceiving)
	h.life.shut.Store(true)
	err = errors.Join(err, h.end(ctx, EndCalling), h.Send.Drain(ctx))
	if closed := h.Client.Close(); closed != nil && !errors.Is(closed, redis.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// end ends the parts of a stage, side by side.
func (h *Hub) end(ctx context.Context, stage Stage) error {
	h.life.mu.Lock()
	ends := slices.Clone(h.life.ends[stage])
	h.life.mu.Unlock()
	errs := make([]error, len(ends))
	var all sync.WaitGroup
	for i, e := range ends {
		all.Go(func() { errs[i] = e.f(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
