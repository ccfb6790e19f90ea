package integration

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestProtocol reads the protocol version of connections. DESIR_PROTOCOL sets it, unless
// options or REDIS_URL choose one.
func TestProtocol(t *testing.T) {
	needServer(t, "cluster", "this test")
	t.Setenv("REDIS_URL", "")
	environments := map[string]*Env{"alone": newDedicated(t), "sentinel": Sentinel(t), "cluster": Cluster(t, Alone()), "TLS": TLS(t)}
	address := "redis://" + redistest.StartServer(t).Addr
	check := func(name string, c redis.UniversalClient, want int) {
		t.Helper()
		reply, err := c.Do(ctx, "HELLO").Result()
		if _, isMap := reply.(map[any]any); isMap != (want == 3) || err != nil {
			t.Errorf("%s: HELLO returns a %T, %v; want that of version %d", name, reply, err, want)
		}
	}
	for _, tt := range []struct {
		variable string
		want     int
	}{{"", 3}, {"2", 2}, {"3", 3}} {
		t.Setenv(redistest.ProtocolVariable, tt.variable)
		for name, e := range environments {
			check(name, e.NewClient(), tt.want)
			for _, chosen := range []int{2, 3} {
				check(name+" with an option", e.NewClient(func(o *redis.UniversalOptions) { o.Protocol = chosen }), chosen)
			}
		}
		for query, want := range map[string]int{"": tt.want, "?protocol=2": 2, "?protocol=3": 3} {
			t.Setenv("REDIS_URL", address+query)
			t.Run("REDIS_URL"+query, func(t *testing.T) { check("REDIS_URL"+query, New(t).Client(), want) })
		}
	}
}
