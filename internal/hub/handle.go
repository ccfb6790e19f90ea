package hub

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Handle is what an object keeps of its client: the constructor fills it
// without a look at the network, the first call finds the hub.
type Handle struct {
	Type string // as in errors: "collections.Map"
	Key  string // the object's main key

	rdb   redis.UniversalClient
	err   error // why no call can work: a name, an option, a type
	apart bool  // its commands share nothing with those of others
	hub   atomic.Pointer[Hub]
}

// NewHandle returns the handle of an object. err, if not nil, is the answer of
// every call.
func NewHandle(rdb redis.UniversalClient, typ, key string, err error) *Handle {
	return &Handle{Type: typ, Key: key, rdb: rdb, err: err}
}

// Apart says, before the first call, whether the object's commands are to share
// nothing with those of others. It returns the handle.
func (h *Handle) Apart(apart bool) *Handle {
	h.apart = apart
	return h
}

// Hub returns the hub of the object's client, or why no call can begin: the object cannot
// work, or its client was closed.
func (h *Handle) Hub() (*Hub, error) {
	if h == nil {
		return nil, send.Fault(send.ErrNotSupported, errUnmade)
	}
	if hub := h.hub.Load(); hub != nil {
		return hub, hub.Shut()
	}
	if h.err != nil {
		return nil, h.err
	}
	hub, err := Of(h.rdb)
	if err != nil {
		return nil, err
	}
	if h.apart {
		hub = hub.apart()
	}
	if !h.hub.CompareAndSwap(nil, hub) {
		hub = h.hub.Load()
	}
	return hub, hub.Shut()
}

// Known returns the hub that a call has found before, also while its client is being
// closed.
func (h *Handle) Known() *Hub { return h.hub.Load() }

// Send returns the sender of the object's client.
func (h *Handle) Send() (*send.Sender, error) {
	hub, err := h.Hub()
	if err != nil {
		return nil, err
	}
	return hub.Send, nil
}
