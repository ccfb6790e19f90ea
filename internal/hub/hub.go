package hub

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// Hub is the state that the objects of one client share.
type Hub struct {
	Client redis.UniversalClient
	Send   *send.Sender
	*shared

	whole *Hub // the hub that this is a view of; the registry holds only a weak pointer to it
}

type shared struct {
	PlainLua atomic.Bool // the server does not understand "#!lua", as the embedded one
	NoInfo   atomic.Bool // the user may not call INFO
	Limited  bool        // the client has a Limiter, which counts error replies as failures

	parts sync.Map // values that other packages share among the client's objects
	life  life
}

// apart returns the hub for an object whose commands are not batched.
func (h *Hub) apart() *Hub {
	return &Hub{Client: h.Client, Send: h.Send.Apart(), shared: h.shared, whole: h}
}

// Same reports whether two hubs belong to one client.
func (h *Hub) Same(other *Hub) bool { return h.shared == other.shared }

// Part returns the value of the given kind that the objects of the client share. The first
// call creates it. kind is a value of a type of the calling package.
func (h *Hub) Part(kind any, create func() any) any {
	if p, ok := h.parts.Load(kind); ok {
		return p
	}
	p, _ := h.parts.LoadOrStore(kind, create())
	return p
}

var (
	errNil    = errors.New("the client is nil")
	errUnmade = errors.New("the object was not made by its constructor")
)

// registry maps the identity of a client to its hub.
var registry = struct {
	sync.Mutex
	rows map[identity]weak.Pointer[Hub]
}{rows: map[identity]weak.Pointer[Hub]{}}

// identity identifies a client. For a pointer it is the address, which stays valid because
// a live hub keeps its client alive. For any other type it is the value. Equal values are
// one client.
type identity struct {
	typ   reflect.Type
	addr  uintptr
	value redis.UniversalClient
}

// identify returns the identity of a client, or an error if it has none.
func identify(rdb redis.UniversalClient) (identity, error) {
	if rdb == nil {
		return identity{}, send.Fault(send.ErrNotSupported, errNil)
	}
	v := reflect.ValueOf(rdb)
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return identity{}, send.Fault(send.ErrNotSupported, errNil)
	case v.Kind() == reflect.Pointer:
		return identity{typ: v.Type(), addr: v.Pointer()}, nil
	case !v.Comparable():
		return identity{}, send.Fault(send.ErrNotSupported, fmt.Errorf(
			"clients of type %s cannot be compared; pass a pointer to the client", v.Type()))
	}
	return identity{typ: v.Type(), value: rdb}, nil
}

// Of returns the hub of a client. Each client has one hub. A client that cannot be compared is
// refused, since each of its objects would have separate connections and receivers.
func Of(rdb redis.UniversalClient) (*Hub, error) {
	row, err := identify(rdb)
	if err != nil {
		return nil, err
	}
	registry.Lock()
	defer registry.Unlock()
	if h := registry.rows[row].Value(); h != nil {
		return h, nil
	}
	h := newHub(rdb)
	registry.rows[row] = weak.Make(h)
	runtime.AddCleanup(h, forget, row)
	return h, nil
}

func newHub(rdb redis.UniversalClient) *Hub {
	return &Hub{Client: rdb, Send: send.New(rdb), shared: &shared{Limited: limited(rdb)}}
}

func limited(rdb redis.UniversalClient) (yes bool) {
	_ = send.Guard(func() error { // the client inside a wrapper may be nil
		switch c := rdb.(type) {
		case interface{ Options() *redis.Options }:
			yes = c.Options().Limiter != nil
		case interface{ Options() *redis.RingOptions }:
			yes = c.Options().Limiter != nil
		}
		return nil
	})
	return yes
}

// forget deletes the entry of a collected hub, unless the client has a new hub.
func forget(row identity) {
	registry.Lock()
	defer registry.Unlock()
	if registry.rows[row].Value() == nil {
		delete(registry.rows, row)
	}
}

// Slotted reports whether the client distributes keys over nodes by hash slot or tag. A
// command must not name keys of two slots then.
func (h *Hub) Slotted() bool {
	switch h.Client.(type) {
	case *redis.ClusterClient, *redis.Ring:
		return true
	default:
		return false
	}
}

// SameSlot returns an error if one command of this client cannot name all the keys.
func (h *Hub) SameSlot(first string, others ...string) error {
	if !h.Slotted() {
		return nil
	}
	return keys.SameSlot(first, others...)
}

// Node returns the client of the master that holds key. It returns nil for a client of a type
// that does not name its nodes.
func (h *Hub) Node(ctx context.Context, key string) (*redis.Client, error) {
	switch c := h.Client.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		if h.Send.Mapped().Load() { // without a goroutine
			return c.MasterForKey(ctx, key)
		}
		return h.firstNode(ctx, c, key)
	case *redis.Ring:
		return c.GetShardClientForKey(key)
	default:
		return nil, nil
	}
}

// FromReplicas reports whether the client may read from replicas, which can be stale.
func (h *Hub) FromReplicas() bool {
	c, ok := h.Client.(*redis.ClusterClient)
	return ok && (c.Options().ReadOnly || c.Options().RouteByLatency || c.Options().RouteRandomly)
}

// firstNode is Node before the slot map is loaded. go-redis loads it without regard to ctx, so
// the caller may abandon the call.
func (h *Hub) firstNode(ctx context.Context, c *redis.ClusterClient, key string) (*redis.Client, error) {
	var node *redis.Client
	err := h.Send.Run(ctx, func(ctx context.Context) (err error) {
		node, err = c.MasterForKey(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.Send.Mapped().Store(true)
	return node, nil
}

// EachMaster calls f for every master of the client, with its address, concurrently. For a
// client that does not name its nodes it calls f once, with the client and no address.
func (h *Hub) EachMaster(ctx context.Context, f func(context.Context, redis.UniversalClient, string) error) error {
	visit := func(ctx context.Context, c *redis.Client) error { return f(ctx, c, c.Options().Addr) }
	switch c := h.Client.(type) {
	case *redis.Client:
		return visit(ctx, c)
	case *redis.ClusterClient:
		masters, err := h.masters(ctx, c)
		if err != nil {
			return err
		}
		return all(ctx, masters, visit)
	case *redis.Ring:
		return c.ForEachShard(ctx, visit)
	default:
		return f(ctx, h.Client, "")
	}
}

// masters returns the masters of a cluster. go-redis finds them without regard to ctx.
func (h *Hub) masters(ctx context.Context, c *redis.ClusterClient) ([]*redis.Client, error) {
	var mu sync.Mutex
	var found []*redis.Client
	err := h.Send.Run(ctx, func(ctx context.Context) error {
		return c.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, node)
			return nil
		})
	})
	if err != nil && !errors.Is(err, send.ErrUnavailable) {
		err = h.Send.Explain(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// all visits nodes concurrently, and returns one of the errors.
func all(ctx context.Context, nodes []*redis.Client, visit func(context.Context, *redis.Client) error) error {
	errs := make(chan error, len(nodes))
	for _, node := range nodes {
		go func() { errs <- send.Guard(func() error { return visit(ctx, node) }) }()
	}
	var first error
	for range nodes {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}
