package redistest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

func TestBackendsKeepTheirOrder(t *testing.T) {
	dir := t.TempDir()
	writeProgram(t, dir, "redis-server", "Redis server v=8.0.2 sha=0 bits=64")
	t.Setenv(ServersVariable, dir)
	var names []string
	for _, b := range Backends() {
		names = append(names, b.Name)
	}
	want := []string{"embedded", "redis-server", "cluster", "autopipeline", "redis-8.0.2", "redis-8.0.2-cluster"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Backends (-want +got):\n%s", diff)
	}
}

func TestEveryBackendWorks(t *testing.T) {
	t.Parallel()
	Each(t, func(t *testing.T, r *Redis) {
		ctx := context.Background()
		if got, want := r.IsCluster(), r.Name == "cluster"; got != want {
			t.Errorf("IsCluster() = %v; want %v", got, want)
		}
		if _, ok := r.Client.(*redis.AutoPipeliner); ok != (r.Name == "autopipeline") {
			t.Errorf("Client is a %T", r.Client)
		}
		key := r.Key("stock")
		if err := r.Client.Set(ctx, key, 7, 0).Err(); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]redis.UniversalClient{
			"another client": r.NewClient(t),
			"Raw":            r.Raw(),
			"Master":         r.Master(t, key),
		} {
			if got, err := c.Get(ctx, key).Int(); got != 7 || err != nil {
				t.Errorf("%s: Get = %d, %v; want 7", name, got, err)
			}
		}
	})
}

func TestNewClientTakesOptions(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		c := r.NewClient(t, func(o *redis.UniversalOptions) { o.Protocol = 2 })
		v, err := c.Do(context.Background(), "HELLO").Result()
		if err != nil {
			t.Skipf("HELLO without a version: %v", err) // embedded
		}
		if _, ok := v.([]any); !ok {
			t.Errorf("HELLO with Protocol 2 returns a %T; want the array of RESP2", v)
		}
	})
}

func TestTagKeysShareASlot(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		if !r.IsCluster() {
			t.Skip("one slot holds everything")
		}
		ctx := context.Background()
		a, b := r.TagKey("a"), r.TagKey("b")
		if err := r.Client.MSet(ctx, a, 1, b, 2).Err(); err != nil {
			t.Errorf("MSET of two TagKeys: %v", err)
		}
	})
}

func TestKeysAndKeysWithoutExpiry(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		ctx := context.Background()
		other := At(t, r.Name, r.base) // on the same servers
		plain, tagged, helper, brief := r.Key("plain"), r.TagKey("tagged"), "{"+r.Key("plain")+"}:wake", r.Key("brief")
		for _, k := range []string{plain, tagged, helper, other.Key("plain"), "x" + plain} {
			if err := r.Client.Set(ctx, k, "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { r.raw.Del(ctx, "x"+plain) })
		if err := r.Client.Set(ctx, brief, "v", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		all := []string{plain, tagged, helper, brief}
		slices.Sort(all)
		if diff := cmp.Diff(all, r.Keys(t)); diff != "" {
			t.Errorf("Keys (-want +got):\n%s", diff)
		}
		stay := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k == brief })
		if diff := cmp.Diff(stay, r.KeysWithoutExpiry(t)); diff != "" {
			t.Errorf("KeysWithoutExpiry (-want +got):\n%s", diff)
		}
	})
}

func TestKeysGoWithTheirTest(t *testing.T) {
	for _, b := range Backends() {
		t.Run(b.Name, func(t *testing.T) {
			ctx := context.Background()
			watch := b.Start(t)
			var key string
			t.Run("writer", func(t *testing.T) {
				r := At(t, watch.Name, watch.base)
				key = r.Key("cart")
				if err := r.Client.Set(ctx, key, "v", 0).Err(); err != nil {
					t.Fatal(err)
				}
			})
			if b.Name == "embedded" {
				return // its server ends, so keys are not deleted
			}
			if n, err := watch.Raw().Exists(ctx, key).Result(); n != 0 || err != nil {
				t.Errorf("Exists(%q) after its test = %d, %v; want 0", key, n, err)
			}
		})
	}
}

func TestMissingBackend(t *testing.T) {
	t.Setenv("DESIR_REQUIRE", "docker, cluster")
	const why = "redis-server not found on PATH"
	if got := runFake(t, func(t testing.TB) { Missing(t, why, "redis") }); len(got.skips) != 1 || got.skips[0] != why {
		t.Errorf("not required: skips %q, failures %q; want a skip with the reason", got.skips, got.failures)
	}
	got := runFake(t, func(t testing.TB) { Missing(t, why, "cluster") })
	if len(got.failures) != 1 || !strings.Contains(got.failures[0], why) {
		t.Errorf("required: skips %q, failures %q; want a failure with the reason", got.skips, got.failures)
	}
}

func TestFailedStartIsRemembered(t *testing.T) {
	needServer(t, "redis")
	var o lazy[*Server]
	starts := 0
	for range 3 {
		_, err := o.get(func() (*Server, error) {
			starts++
			return startServer([]ServerOption{Config("no-such-directive", "1")})
		})
		if err == nil || !strings.Contains(err.Error(), "no-such-directive") {
			t.Errorf("error %v; want one with the server's log", err)
		}
	}
	if starts != 1 {
		t.Errorf("%d starts; want 1", starts)
	}
}
