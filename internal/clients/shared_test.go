package clients

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

// rows returns the number of clients in the registry.
func rows() int {
	registry.Lock()
	defer registry.Unlock()
	return len(registry.rows)
}

func listed(rdb redis.UniversalClient) bool {
	row, err := identify(rdb)
	registry.Lock()
	defer registry.Unlock()
	return err == nil && registry.rows[row].Value() != nil
}

// TestOneStatePerClient gets states from many goroutines concurrently.
func TestOneStatePerClient(t *testing.T) {
	for _, b := range redistest.Backends() {
		t.Run(b.Name, func(t *testing.T) {
			r := b.Start(t)
			other := r.NewClient(t)
			states := make([]*Shared, 32)
			var group sync.WaitGroup
			for i := range states {
				group.Go(func() { states[i], _ = Of(r.Client) })
			}
			group.Wait()
			for _, h := range states {
				if h == nil || h != states[0] {
					t.Fatalf("states %p and %p of one client", h, states[0])
				}
			}
			if h, err := Of(other); err != nil || h == states[0] {
				t.Errorf("another client: state %p, %v; want one of its own", h, err)
			}
		})
	}
}

// TestRegistryForgets drops many clients that have sent batches, with their objects.
// Neither a row nor a goroutine remains, and the clients of a single server are
// collected. (go-redis keeps a cluster client for a minute.)
func TestRegistryForgets(t *testing.T) {
	t.Run("redis-server", func(t *testing.T) {
		s := redistest.StartServer(t)
		rdbs := forgets(t, 1000, func() *redis.Client { return redis.NewClient(&redis.Options{Addr: s.Addr}) })
		redistest.Eventually(t, 20*time.Second, func() bool {
			runtime.GC()
			return !slices.ContainsFunc(rdbs, func(c weak.Pointer[redis.Client]) bool { return c.Value() != nil })
		}, "the clients are gone")
	})
	t.Run("cluster", func(t *testing.T) {
		c := redistest.StartCluster(t, 0)
		forgets(t, 100, func() *redis.ClusterClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs})
		})
	})
}

// forgets opens, uses and drops n clients, eight at a time.
func forgets[T any, C interface {
	*T
	redis.UniversalClient
}](t *testing.T, n int, open func() C,
) (rdbs []weak.Pointer[T]) {
	t.Helper()
	rowsBefore, before := rows(), runtime.NumGoroutine()
	rdbs = make([]weak.Pointer[T], n)
	var group sync.WaitGroup
	for first := range 8 {
		group.Go(func() {
			for i := first; i < n; i += 8 {
				c := open()
				rdbs[i] = weak.Make((*T)(c))
				h := NewHandle(c, "test.Object", "name", nil)
				use(t, h)
				if !listed(c) {
					t.Error("the registry has no row of a client in use")
				}
				runtime.KeepAlive(h)
				_ = c.Close()
			}
		})
	}
	group.Wait()
	redistest.Eventually(t, 20*time.Second, func() bool {
		runtime.GC()
		return rows() <= rowsBefore
	}, "the registry is as before")
	redistest.Eventually(t, 20*time.Second, func() bool { return runtime.NumGoroutine() <= before },
		"as many goroutines run as before")
	return rdbs
}

// use makes calls that are sent in one batch.
func use(t *testing.T, h *Handle) {
	t.Helper()
	s, err := h.Sender()
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			field := strconv.Itoa(i)
			err := s.HSet(ctx, h.Key, field, field)
			if v, ok, err2 := s.HGet(ctx, h.Key, field); err != nil || err2 != nil || !ok || v != field {
				t.Errorf("HSet: %v; HGet = %q, %t, %v; want %q", err, v, ok, err2, field)
			}
		})
	}
	callers.Wait()
}

// TestHubOutlivesObjects drops the objects and keeps the client. The next object still
// gets a state.
func TestHubOutlivesObjects(t *testing.T) {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _ = c.Close() }()
	for range 100 {
		if _, err := Of(c); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
	}
	h, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		runtime.GC() // runs the cleanups of dropped states
		return rows() >= 1
	}, "the cleanups have run")
	if again, _ := Of(c); again != h {
		t.Error("a cleanup of an old state took the row of the new one")
	}
}

func TestNoClient(t *testing.T) {
	for name, rdb := range map[string]redis.UniversalClient{
		"nil":             nil,
		"nil client":      (*redis.Client)(nil),
		"nil cluster":     (*redis.ClusterClient)(nil),
		"nil ring":        (*redis.Ring)(nil),
		"nil autopipline": (*redis.AutoPipeliner)(nil),
	} {
		if _, err := Of(rdb); !errors.Is(err, send.ErrNotSupported) {
			t.Errorf("%s: %v; want ErrNotSupported", name, err)
		}
	}
	var h *Handle
	if _, err := h.Shared(); !errors.Is(err, send.ErrNotSupported) {
		t.Errorf("no handle: %v; want ErrNotSupported", err)
	}
}

// wrapped is a client type that the registry does not know.
type wrapped struct{ redis.UniversalClient }

func TestUnknownClient(t *testing.T) {
	r := redistest.Backends()[0].Start(t)
	h, err := Of(wrapped{r.Client})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sender.IncrBy(context.Background(), r.Key("n"), 1); err != nil {
		t.Error(err)
	}
	if node, err := h.Node(context.Background(), "k"); node != nil || err != nil {
		t.Errorf("Node = %v, %v; want none", node, err)
	}
}

// Client types that are not pointers.
type (
	embeds   struct{ *redis.Client }
	prefixed struct {
		redis.UniversalClient
		prefix string
	}
	listing struct {
		redis.UniversalClient
		prefixes []string
	}
	hiding struct {
		redis.UniversalClient
		about any
	}
)

// TestClientsByValue passes clients that are structs. Equal ones share a state, which is
// dropped with them. A client that cannot be compared is refused.
func TestClientsByValue(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	other := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _, _ = rdb.Close(), other.Close() }()
	all := map[string]func() redis.UniversalClient{
		"pointer":        func() redis.UniversalClient { return rdb },
		"embeds":         func() redis.UniversalClient { return embeds{rdb} },
		"embeds another": func() redis.UniversalClient { return embeds{other} },
		"wrapped":        func() redis.UniversalClient { return wrapped{rdb} },
		"twice":          func() redis.UniversalClient { return wrapped{embeds{rdb}} },
		"prefix a":       func() redis.UniversalClient { return prefixed{rdb, "a"} },
		"prefix b":       func() redis.UniversalClient { return prefixed{rdb, "b"} },
		"about":          func() redis.UniversalClient { return hiding{rdb, 1} },
	}
	before := rows()
	func() {
		states := map[*Shared]string{}
		for name, open := range all {
			h, err := Of(open())
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Of(open()); again != h {
				t.Errorf("%s: two states, %v", name, err)
			}
			if states[h] != "" {
				t.Errorf("%s and %s share a state", name, states[h])
			}
			states[h] = name
		}
	}()
	redistest.Eventually(t, 20*time.Second, func() bool {
		runtime.GC()
		return rows() <= before
	}, "the registry is as before")
	for _, rdb := range []redis.UniversalClient{
		listing{rdb, nil}, hiding{rdb, []int{1}}, wrapped{listing{rdb, nil}}, hiding{rdb, map[string]int{}},
	} {
		if _, err := Of(rdb); !errors.Is(err, send.ErrNotSupported) {
			t.Errorf("%T: %v; want ErrNotSupported", rdb, err)
		}
	}
}

// TestNodes finds the master of a key and all masters.
func TestNodes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		h, err := Of(r.Client)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		var mu sync.Mutex
		n := 0
		err = h.EachMaster(ctx, func(ctx context.Context, c redis.UniversalClient, _ string) error {
			mu.Lock()
			defer mu.Unlock()
			n++
			return c.Ping(ctx).Err()
		})
		want := 1
		if r.IsCluster() {
			want = 3
		}
		if err != nil || n != want {
			t.Errorf("EachMaster saw %d nodes, %v; want %d", n, err, want)
		}
		if err := h.SameSlot("a", "b"); (err != nil) != r.IsCluster() {
			t.Errorf("SameSlot = %v", err)
		}
		node, err := h.Node(ctx, r.Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		if _, auto := r.Client.(*redis.AutoPipeliner); auto {
			return // its node is not known
		}
		if err := node.Set(ctx, r.Key("k"), "v", 0).Err(); err != nil {
			t.Errorf("the key's master refuses it: %v", err)
		}
	})
}
