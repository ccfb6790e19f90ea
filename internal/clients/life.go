package clients

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Stage orders what ends while a client is being closed.
type Stage int

// The stages, in order. Other calls are refused from the second stage on, since handlers
// that run in the first stage may need them.
const (
	EndReceiving Stage = iota // workers, receivers and subscribers
	EndCalling                // callers that wait for the result of another process
	stages
)

// life is the state of closing a client.
type life struct {
	shut atomic.Bool // new calls are refused

	mu      sync.Mutex
	ends    [stages][]*end
	closing chan struct{} // nil until Close is called; closed when Close is done
}

// end is a function that [Shared.OnClose] has registered.
type end struct{ f func(context.Context) error }

// OnClose registers f, which [Shared.Close] calls. f ends what is in flight, and returns
// when that is done or ctx ends. cancel removes f.
func (h *Shared) OnClose(stage Stage, f func(context.Context) error) (cancel func()) {
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

// ErrIfClosed returns the error of calls that begin after [Shared.Close], or nil.
func (h *Shared) ErrIfClosed() error {
	if h.life.shut.Load() {
		return send.ErrCloseCalled
	}
	return nil
}

// Close ends what is in flight for the client, stage by stage, and then closes the
// client. What is still in flight when ctx ends is cut off, and the error says so. A
// second Close waits for the first.
func (h *Shared) Close(ctx context.Context) error {
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
	err = errors.Join(err, h.end(ctx, EndCalling), h.Sender.Drain(ctx))
	if closed := h.Redis.Close(); closed != nil && !errors.Is(closed, redis.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// end calls the functions of a stage concurrently.
func (h *Shared) end(ctx context.Context, stage Stage) error {
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
