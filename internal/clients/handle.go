package clients

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Handle connects an object to its client. The constructor fills it without using the
// network, and the first call finds the state.
type Handle struct {
	Type string // as in errors: "collections.Map"
	Key  string // the object's main key

	rdb       redis.UniversalClient
	err       error // the error of every call, if the name, an option or the type cannot work
	unbatched bool  // its commands are not batched
	shared    atomic.Pointer[Shared]
}

// NewHandle returns the handle of an object. If err is not nil, it is the error of every
// call.
func NewHandle(rdb redis.UniversalClient, typ, key string, err error) *Handle {
	return &Handle{Type: typ, Key: key, rdb: rdb, err: err}
}

// Unbatched sets whether the object's commands stay out of batches. It must precede the
// first call. It returns h.
func (h *Handle) Unbatched(unbatched bool) *Handle {
	h.unbatched = unbatched
	return h
}

// Shared returns the state of the object's client, or an error if the object cannot work
// or the client was closed.
func (h *Handle) Shared() (*Shared, error) {
	if h == nil {
		return nil, send.WithClass(send.ErrNotSupported, errUnmade)
	}
	if shared := h.shared.Load(); shared != nil {
		return shared, shared.ErrIfClosed()
	}
	if h.err != nil {
		return nil, h.err
	}
	shared, err := Of(h.rdb)
	if err != nil {
		return nil, err
	}
	if h.unbatched {
		shared = shared.unbatched()
	}
	if !h.shared.CompareAndSwap(nil, shared) {
		shared = h.shared.Load()
	}
	return shared, shared.ErrIfClosed()
}

// Known returns the state that an earlier call has found, even if the client is being
// closed.
func (h *Handle) Known() *Shared { return h.shared.Load() }

// Sender returns the sender of the object's client.
func (h *Handle) Sender() (*send.Sender, error) {
	shared, err := h.Shared()
	if err != nil {
		return nil, err
	}
	return shared.Sender, nil
}
