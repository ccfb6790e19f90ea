package redistest

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestProtocolOfClients reads the protocol version of each connection.
func TestProtocolOfClients(t *testing.T) {
	ctx := context.Background()
	server, cluster, sentinel := StartServer(t), StartCluster(t, 0), StartSentinel(t)
	for _, want := range []int{2, 3} {
		t.Setenv(ProtocolVariable, string(rune('0'+want)))
		rdbs := map[string]redis.UniversalClient{
			"Server.Client":   server.Client(t),
			"Cluster.Client":  cluster.Client(t),
			"Sentinel.Client": sentinel.Client(t),
			"sentinel's base": At(t, "sentinel", redis.UniversalOptions{Addrs: sentinel.SentinelAddrs, MasterName: sentinel.MasterName}).Client,
		}
		for _, b := range Backends()[1:] {
			r := b.Start(t)
			rdbs[b.Name+".Client"], rdbs[b.Name+".NewClient"], rdbs[b.Name+".Raw"] = r.Client, r.NewClient(t), r.Raw()
		}
		for name, c := range rdbs {
			reply, err := c.Do(ctx, "HELLO").Result()
			if _, isMap := reply.(map[any]any); isMap != (want == 3) || err != nil {
				t.Errorf("%s: HELLO returns a %T, %v; %s is %d", name, reply, err, ProtocolVariable, want)
			}
		}
		if got, err := Bubble(t).Ping(ctx).Result(); got != "PONG" || err != nil {
			t.Errorf("Bubble: %q, %v; %s is %d", got, err, ProtocolVariable, want)
		}
	}
	t.Setenv(ProtocolVariable, "1")
	if got := runFake(t, func(t testing.TB) { Protocol(t) }); len(got.failures) != 1 || !strings.Contains(got.failures[0], `"1"`) {
		t.Errorf("version 1: failures %q; want one that names it", got.failures)
	}
}
