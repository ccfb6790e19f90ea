package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

const shapesBegin = "<!-- This table of clients is written by a test: go generate in integration. -->\n"

// shape is a kind of client that users have. change sets the options of a client of the
// Env. other creates a client in another way.
type shape struct {
	name   string
	env    func(t *testing.T) *Env
	change func(*redis.UniversalOptions)
	other  func(t *testing.T, e *Env) redis.UniversalClient
}

func alone(t *testing.T) *Env   { return New(t, Alone()) }
func masters(t *testing.T) *Env { return Cluster(t) }

var shapes = []shape{
	{name: "`*redis.Client`", env: alone},
	{name: "– with RESP2 (`Protocol: 2`)", env: alone, change: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{name: "– with one connection (`PoolSize: 1`)", env: alone, change: func(o *redis.UniversalOptions) { o.PoolSize = 1 }},
	{name: "– with hooks", env: alone, other: func(_ *testing.T, e *Env) redis.UniversalClient {
		c := e.NewClient()
		c.AddHook(lacking("no command"))
		return c
	}},
	{name: "– with `ClientSideCacheConfig`", env: alone, other: func(t *testing.T, e *Env) redis.UniversalClient {
		return ending(t, redis.NewClient(&redis.Options{
			Addr: e.base.Addrs[0], Protocol: 3, ClientSideCacheConfig: &redis.ClientSideCacheConfig{},
		}))
	}},
	{name: "– with TLS", env: func(t *testing.T) *Env { return TLS(t) }},
	{name: "a struct that embeds it, by pointer", env: alone, other: func(_ *testing.T, e *Env) redis.UniversalClient {
		return &struct{ redis.UniversalClient }{e.NewClient()}
	}},
	{name: "`*redis.AutoPipeliner`", env: alone, other: func(t *testing.T, e *Env) redis.UniversalClient {
		c, err := e.NewClient().(*redis.Client).AutoPipeline()
		if err != nil {
			t.Fatal(err)
		}
		return ending(t, c)
	}},
	{name: "`*redis.ClusterClient`", env: masters},
	{name: "– with RESP2", env: masters, change: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{
		name: "– that reads from replicas (`RouteRandomly`)", env: func(t *testing.T) *Env { return Cluster(t, Replicas(1)) },
		change: func(o *redis.UniversalOptions) { o.ReadOnly, o.RouteRandomly = true, true },
	},
	{name: "`NewFailoverClient` (sentinels)", env: func(t *testing.T) *Env { return Sentinel(t) }},
	{name: "– with RESP2", env: func(t *testing.T) *Env { return Sentinel(t) }, change: func(o *redis.UniversalOptions) { o.Protocol = 2 }},
	{
		name: "`NewFailoverClusterClient` (sentinels, reads from replicas)", env: func(t *testing.T) *Env { return Sentinel(t) },
		other: func(t *testing.T, e *Env) redis.UniversalClient {
			return ending(t, redis.NewFailoverClusterClient(&redis.FailoverOptions{
				MasterName: e.base.MasterName, SentinelAddrs: e.base.Addrs, RouteRandomly: true,
			}))
		},
	},
	{name: "`*redis.Ring`", env: alone, other: func(t *testing.T, e *Env) redis.UniversalClient {
		return ending(t, redis.NewRing(&redis.RingOptions{
			Addrs: map[string]string{"one": e.base.Addrs[0], "two": New(t, Alone()).base.Addrs[0]},
		}))
	}},
}

func ending[C redis.UniversalClient](t *testing.T, c C) C {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestClientShapes uses every feature through every kind of client, and compares the
// results with the document. Features that the server on PATH lacks for a plain client
// are ignored.
func TestClientShapes(t *testing.T) {
	needServer(t, "cluster", "this test")
	t.Setenv("REDIS_URL", "")
	plain := probe(t, alone(t).Client())
	var b strings.Builder
	fmt.Fprintln(&b, "| client | works | refused with `ErrNotSupported` |\n|---|---|---|")
	for _, s := range shapes {
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
	compareTable(t, shapesBegin, tableIn(t, shapesBegin), b.String())
}

func (s shape) client(t *testing.T) redis.UniversalClient {
	e := s.env(t)
	switch {
	case s.other != nil:
		return s.other(t, e)
	case s.change != nil:
		return e.NewClient(s.change)
	default:
		return e.Client()
	}
}
