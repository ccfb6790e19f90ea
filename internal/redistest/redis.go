package redistest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is the connection of one test to a backend. Servers may be shared, so a test uses
// only names that Key and TagKey return, for keys and for publish/subscribe channels.
type Redis struct {
	Name   string                 // "embedded", "redis-server", "cluster", "autopipeline" or the name passed to At
	Client redis.UniversalClient  // client of this test
	base   redis.UniversalOptions // address, database and master name
	raw    redis.UniversalClient
	id     string
}

var redisSeq atomic.Uint64

// At is like [Backend.Start], for a server that another package started. It uses only the
// addresses, the database and the master name of base. The name of a cluster must be
// "cluster".
func At(t testing.TB, name string, base redis.UniversalOptions) *Redis {
	t.Helper()
	r := &Redis{Name: name, base: base, id: "t" + strconv.FormatUint(redisSeq.Add(1), 36)}
	r.raw = r.open(t, &redis.UniversalOptions{}, false)
	t.Cleanup(func() { r.removeKeys(t) })
	r.Client = r.NewClient(t)
	return r
}

// Key returns a name that no other test uses, such as "t1a:carts".
func (r *Redis) Key(name string) string { return r.id + ":" + name }

// TagKey is like Key with a hash tag, such as "{t1a}:carts". All names that TagKey of one
// Redis returns are in the same hash slot.
func (r *Redis) TagKey(name string) string { return "{" + r.id + "}:" + name }

// IsCluster reports whether the backend is a cluster.
func (r *Redis) IsCluster() bool { return r.Name == "cluster" }

// NewClient returns a new client of the backend's kind, which simulates another process.
// It is closed when the test ends. It has the defaults of go-redis, except that it sends
// no optional command when a connection opens, and that DESIR_PROTOCOL sets the protocol
// version.
func (r *Redis) NewClient(t testing.TB, opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	t.Helper()
	o := &redis.UniversalOptions{}
	for _, opt := range opts {
		opt(o)
	}
	return r.open(t, o, r.Name == "autopipeline")
}

// Addrs returns the addresses of the backend, for another process.
func (r *Redis) Addrs() []string { return slices.Clone(r.base.Addrs) }

// Raw returns a separate plain client for inspecting the server. Hooks of Client do not
// see its commands. It is a [*redis.ClusterClient] on a cluster and a [*redis.Client] on
// all other backends, including autopipeline.
func (r *Redis) Raw() redis.UniversalClient { return r.raw }

// Master returns a client of the node that holds the key.
func (r *Redis) Master(t testing.TB, key string) *redis.Client {
	t.Helper()
	switch c := r.raw.(type) {
	case *redis.ClusterClient:
		m, err := c.MasterForKey(context.Background(), key)
		if err != nil {
			t.Fatalf("master for %q: %v", key, err)
		}
		return m
	default:
		return c.(*redis.Client)
	}
}

func (r *Redis) open(t testing.TB, o *redis.UniversalOptions, autoPipeline bool) redis.UniversalClient {
	t.Helper()
	if o.Addrs == nil {
		o.Addrs, o.DB, o.MasterName = slices.Clone(r.base.Addrs), r.base.DB, r.base.MasterName
	}
	if r.Name == "embedded" && o.ReadTimeout == 0 {
		o.ReadTimeout = time.Minute // many scripts in one pipeline are slow there under the race detector
	}
	if o.Protocol == 0 {
		o.Protocol = Protocol(t)
	}
	o.DisableIdentity = true
	if o.MaintNotificationsConfig == nil {
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	}
	if r.IsCluster() {
		return closeAtEnd(t, redis.NewClusterClient(o.Cluster()))
	}
	if o.MasterName != "" {
		return closeAtEnd(t, redis.NewFailoverClient(o.Failover()))
	}
	c := closeAtEnd(t, redis.NewClient(o.Simple()))
	if !autoPipeline {
		return c
	}
	ap, err := c.AutoPipeline()
	if err != nil {
		t.Fatalf("autopipeline: %v", err)
	}
	return closeAtEnd(t, ap) // closed before its client, which it does not close
}

// closeAtEnd closes c when the test ends. The test may have closed it already.
func closeAtEnd[C redis.UniversalClient](t testing.TB, c C) C {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// owns reports whether key is a name that Key or TagKey returned, or a helper key of one,
// such as "{t1a:carts}:wake".
func (r *Redis) owns(key string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(key, "{"), r.id)
	return ok && (strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "}"))
}

// Keys returns the keys of this test that exist now, sorted.
func (r *Redis) Keys(t testing.TB) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var keys []string
	scan := func(ctx context.Context, c *redis.Client) error {
		it := c.Scan(ctx, 0, "*"+r.id+"*", 1000).Iterator()
		for it.Next(ctx) {
			if k := it.Val(); r.owns(k) {
				mu.Lock()
				keys = append(keys, k)
				mu.Unlock()
			}
		}
		return it.Err()
	}
	var err error
	switch c := r.raw.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, scan)
	case *redis.Client:
		err = scan(ctx, c)
	}
	if err != nil {
		t.Errorf("scan keys: %v", err)
	}
	slices.Sort(keys)
	return slices.Compact(keys) // SCAN may repeat
}

// KeysWithoutExpiry returns the keys of this test that never expire, sorted.
func (r *Redis) KeysWithoutExpiry(t testing.TB) []string {
	t.Helper()
	ctx := context.Background()
	return slices.DeleteFunc(r.Keys(t), func(k string) bool {
		d, err := r.raw.PTTL(ctx, k).Result()
		if err != nil {
			t.Errorf("pttl %q: %v", k, err)
		}
		return d != -1 // -1 means no expiry; -2 means that the key has gone
	})
}

func (r *Redis) removeKeys(t testing.TB) {
	if r.Name == "embedded" {
		return // the server ends with the test
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for chunk := range slices.Chunk(r.Keys(t), 1000) {
		_, err := r.raw.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, k := range chunk {
				p.Unlink(ctx, k)
			}
			return nil
		})
		if err != nil {
			t.Errorf("remove keys: %v", err)
		}
	}
}
