package clients

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

// Shared is the state that the objects of one client share.
type Shared struct {
	Redis  redis.UniversalClient
	Sender *send.Sender
	*clientState

	whole *Shared // the state that this is a view of; the registry holds only a weak pointer to it
}

type clientState struct {
	PlainLua atomic.Bool // the server does not understand "#!lua", as the embedded one
	NoInfo   atomic.Bool // the user may not call INFO
	Limited  bool        // the client has a Limiter, which counts error replies as failures

	values sync.Map // see Value
	life   life
}

// unbatched returns the state for an object whose commands are not batched.
func (h *Shared) unbatched() *Shared {
	return &Shared{Redis: h.Redis, Sender: h.Sender.Unbatched(), clientState: h.clientState, whole: h}
}

// Same reports whether two states belong to one client.
func (h *Shared) Same(other *Shared) bool { return h.clientState == other.clientState }

// Value returns the value that the objects of the client share under a key. The first
// call creates it. The key is of a type of the calling package, which gives it one T.
func Value[T any](h *Shared, key any, create func() T) T {
	v, ok := h.values.Load(key)
	if !ok {
		v, _ = h.values.LoadOrStore(key, create())
	}
	return v.(T)
}

var (
	errNil    = errors.New("the client is nil")
	errUnmade = errors.New("the object was not made by its constructor")
)

// registry maps the identity of a client to its state.
var registry = struct {
	sync.Mutex
	rows map[identity]weak.Pointer[Shared]
}{rows: map[identity]weak.Pointer[Shared]{}}

// identity identifies a client. For a pointer it is the address, which stays valid
// because a live state keeps its client alive. For any other type it is the value. Equal
// values are one client.
type identity struct {
	typ   reflect.Type
	addr  uintptr
	value redis.UniversalClient
}

// identify returns the identity of a client, or an error if it has none.
func identify(rdb redis.UniversalClient) (identity, error) {
	if rdb == nil {
		return identity{}, send.WithClass(send.ErrNotSupported, errNil)
	}
	v := reflect.ValueOf(rdb)
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return identity{}, send.WithClass(send.ErrNotSupported, errNil)
	case v.Kind() == reflect.Pointer:
		return identity{typ: v.Type(), addr: v.Pointer()}, nil
	case !v.Comparable():
		return identity{}, send.WithClass(send.ErrNotSupported, fmt.Errorf(
			"clients of type %s cannot be compared; pass a pointer to the client", v.Type()))
	}
	return identity{typ: v.Type(), value: rdb}, nil
}

// Of returns the state of a client. Each client has one state. A client that cannot be
// compared is refused, since each of its objects would have separate connections and
// receivers.
func Of(rdb redis.UniversalClient) (*Shared, error) {
	row, err := identify(rdb)
	if err != nil {
		return nil, err
	}
	registry.Lock()
	defer registry.Unlock()
	if h := registry.rows[row].Value(); h != nil {
		return h, nil
	}
	h := newShared(rdb)
	registry.rows[row] = weak.Make(h)
	runtime.AddCleanup(h, forget, row)
	return h, nil
}

func newShared(rdb redis.UniversalClient) *Shared {
	return &Shared{Redis: rdb, Sender: send.New(rdb), clientState: &clientState{Limited: limited(rdb)}}
}

func limited(rdb redis.UniversalClient) (yes bool) {
	_ = send.CatchHookPanic(func() error { // the client inside a wrapper may be nil
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

// forget deletes the entry of a collected state, unless the client has a new state.
func forget(row identity) {
	registry.Lock()
	defer registry.Unlock()
	if registry.rows[row].Value() == nil {
		delete(registry.rows, row)
	}
}

// Slotted reports whether the client distributes keys over nodes by hash slot or tag. A
// command must not name keys of two slots then.
func (h *Shared) Slotted() bool {
	switch h.Redis.(type) {
	case *redis.ClusterClient, *redis.Ring:
		return true
	default:
		return false
	}
}

// SameSlot returns an error if one command of this client cannot name all the keys.
func (h *Shared) SameSlot(first string, others ...string) error {
	if !h.Slotted() {
		return nil
	}
	return keys.SameSlot(first, others...)
}

// Node returns the client of the master that holds key. It returns nil for a client of a
// type that does not name its nodes.
func (h *Shared) Node(ctx context.Context, key string) (*redis.Client, error) {
	switch c := h.Redis.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		if h.Sender.SlotsLoaded().Load() { // without a goroutine
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
func (h *Shared) FromReplicas() bool {
	c, ok := h.Redis.(*redis.ClusterClient)
	return ok && (c.Options().ReadOnly || c.Options().RouteByLatency || c.Options().RouteRandomly)
}

// firstNode is Node before the slot map is loaded. go-redis loads it without regard to
// ctx, so the caller may abandon the call.
func (h *Shared) firstNode(ctx context.Context, c *redis.ClusterClient, key string) (*redis.Client, error) {
	var node *redis.Client
	err := h.Sender.Run(ctx, func(ctx context.Context) (err error) {
		node, err = c.MasterForKey(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.Sender.SlotsLoaded().Store(true)
	return node, nil
}

// EachMaster calls f for every master of the client, with its address, concurrently. For
// a client that does not name its nodes it calls f once, with the client and no address.
func (h *Shared) EachMaster(ctx context.Context, f func(context.Context, redis.UniversalClient, string) error) error {
	visit := func(ctx context.Context, c *redis.Client) error { return f(ctx, c, c.Options().Addr) }
	switch c := h.Redis.(type) {
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
		return f(ctx, h.Redis, "")
	}
}

// masters returns the masters of a cluster. go-redis finds them without regard to ctx.
func (h *Shared) masters(ctx context.Context, c *redis.ClusterClient) ([]*redis.Client, error) {
	var mu sync.Mutex
	var found []*redis.Client
	err := h.Sender.Run(ctx, func(ctx context.Context) error {
		return c.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, node)
			return nil
		})
	})
	if err != nil && !errors.Is(err, send.ErrUnavailable) {
		err = h.Sender.Classify(ctx, err)
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
		go func() { errs <- send.CatchHookPanic(func() error { return visit(ctx, node) }) }()
	}
	var first error
	for range nodes {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}
