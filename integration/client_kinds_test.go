package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

const clientsTableBegin = "<!-- This table of clients is written by a test: go generate in integration. -->\n"

// clientKind is a kind of client that users have. configure sets the options of a client
// of the Env. create creates a client in another way.
type clientKind struct {
	name      string
	env       func(t *testing.T) *Env
	configure func(*redis.UniversalOptions)
	create    func(t *testing.T, e *Env) redis.UniversalClient
}

func newDedicated(t *testing.T) *Env     { return New(t, Alone()) }
func newSharedCluster(t *testing.T) *Env { return Cluster(t) }

var clientKinds = []clientKind{
	{name: "`*redis.Client`", env: newDedicated},
	{name: "– with RESP2 (`Protocol: 2`)", env: newDedicated, configure: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{name: "– with one connection (`PoolSize: 1`)", env: newDedicated, configure: func(o *redis.UniversalOptions) { o.PoolSize = 1 }},
	{name: "– with hooks", env: newDedicated, create: func(_ *testing.T, e *Env) redis.UniversalClient {
		c := e.NewClient()
		c.AddHook(withoutCommand("no command"))
		return c
	}},
	{name: "– with `ClientSideCacheConfig`", env: newDedicated, create: func(t *testing.T, e *Env) redis.UniversalClient {
		return closeAtEnd(t, redis.NewClient(&redis.Options{
			Addr: e.base.Addrs[0], Protocol: 3, ClientSideCacheConfig: &redis.ClientSideCacheConfig{},
		}))
	}},
	{name: "– with TLS", env: func(t *testing.T) *Env { return TLS(t) }},
	{name: "a struct that embeds it, by pointer", env: newDedicated, create: func(_ *testing.T, e *Env) redis.UniversalClient {
		return &struct{ redis.UniversalClient }{e.NewClient()}
	}},
	{name: "`*redis.AutoPipeliner`", env: newDedicated, create: func(t *testing.T, e *Env) redis.UniversalClient {
		c, err := e.NewClient().(*redis.Client).AutoPipeline()
		if err != nil {
			t.Fatal(err)
		}
		return closeAtEnd(t, c)
	}},
	{name: "`*redis.ClusterClient`", env: newSharedCluster},
	{name: "– with RESP2", env: newSharedCluster, configure: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{
		name: "– that reads from replicas (`RouteRandomly`)", env: func(t *testing.T) *Env { return Cluster(t, Replicas(1)) },
		configure: func(o *redis.UniversalOptions) { o.ReadOnly, o.RouteRandomly = true, true },
	},
	{name: "`NewFailoverClient` (sentinels)", env: func(t *testing.T) *Env { return Sentinel(t) }},
	{name: "– with RESP2", env: func(t *testing.T) *Env { return Sentinel(t) }, configure: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{
		name: "`NewFailoverClusterClient` (sentinels, reads from replicas)", env: func(t *testing.T) *Env { return Sentinel(t) },
		create: func(t *testing.T, e *Env) redis.UniversalClient {
			return closeAtEnd(t, redis.NewFailoverClusterClient(&redis.FailoverOptions{
				MasterName: e.base.MasterName, SentinelAddrs: e.base.Addrs, RouteRandomly: true,
			}))
		},
	},
	{name: "`*redis.Ring`", env: newDedicated, create: func(t *testing.T, e *Env) redis.UniversalClient {
		return closeAtEnd(t, redis.NewRing(&redis.RingOptions{
			Addrs: map[string]string{"one": e.base.Addrs[0], "two": New(t, Alone()).base.Addrs[0]},
		}))
	}},
}

func closeAtEnd[C redis.UniversalClient](t *testing.T, c C) C {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestClientKinds uses every feature through every kind of client, and compares the
// results with the document. Features that the server on PATH lacks for a plain client
// are ignored.
func TestClientKinds(t *testing.T) {
	redistest.Slow(t)
	needServer(t, "cluster", "this test")
	t.Setenv("REDIS_URL", "")
	plain := probe(t, newDedicated(t).Client())
	var b strings.Builder
	fmt.Fprintln(&b, "| client | works | refused with `ErrNotSupported` |\n|---|---|---|")
	for _, s := range clientKinds {
		t.Run(s.name, func(t *testing.T) {
			var refused []string
			rdb := s.client(t)
			for _, f := range features {
				if plain[f.name] != yes {
					continue
				}
				switch err := f.try(rdb); {
				case err == nil:
				case errors.Is(err, desir.ErrNotSupported):
					refused = append(refused, f.name)
				default:
					t.Errorf("%s: %v", f.name, err)
				}
			}
			works := yes
			if len(refused) > 0 {
				works = "all others"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", s.name, works, strings.Join(slices.Compact(refused), ", "))
		})
	}
	compareTable(t, clientsTableBegin, tableIn(t, clientsTableBegin), b.String())
}

func (s clientKind) client(t *testing.T) redis.UniversalClient {
	e := s.env(t)
	switch {
	case s.create != nil:
		return s.create(t, e)
	case s.configure != nil:
		return e.NewClient(s.configure)
	default:
		return e.Client()
	}
}
