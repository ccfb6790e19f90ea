package redistest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestClusterWithReplicas(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cl := StartCluster(t, 1)
	if len(cl.Nodes) != 6 || len(cl.Addrs) != 6 {
		t.Fatalf("%d nodes at %v; want 6", len(cl.Nodes), cl.Addrs)
	}
	c := cl.Client(t)
	for i := range 100 {
		if err := c.Set(ctx, fmt.Sprintf("cart:%d", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	owners := map[*Server]bool{}
	for i := range 100 {
		key := fmt.Sprintf("cart:%d", i)
		m := cl.MasterFor(key)
		owners[m] = true
		if got, err := m.Client(t).Get(ctx, key).Int(); got != i || err != nil {
			t.Fatalf("Get(%q) at MasterFor = %d, %v; want %d", key, got, err, i)
		}
	}
	if len(owners) != 3 {
		t.Errorf("100 keys on %d masters; want 3", len(owners))
	}
	old := cl.MasterFor("cart:1")
	old.Kill()
	Eventually(t, 20*time.Second, func() bool { return cl.MasterFor("cart:1") != old }, "a replica takes over")
	Eventually(t, 20*time.Second, func() bool { return cl.MasterFor("cart:1").Client(t).Get(ctx, "cart:1").Val() == "1" },
		"and has the value")
}

func TestClusterThroughProxy(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := Backends()[2].Start(t)
	p := NewProxy(t, "")
	c := r.NewClient(t, func(o *redis.UniversalOptions) { o.Dialer = p.Dialer() })
	for i := range 10 {
		key := r.Key(fmt.Sprint(i))
		if err := c.Incr(ctx, key).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.Count("incr"); got != 10 {
		t.Errorf("the proxy saw %d INCR; want 10", got)
	}
	key := r.Key("orders")
	p.CutReply(-1, Command("incr"))
	if err := c.Incr(ctx, key).Err(); err == nil {
		t.Error("Incr whose reply is always cut: no error")
	}
	if got, err := r.Raw().Get(ctx, key).Int(); got != 4 || err != nil {
		t.Errorf("executed %d times, %v; want 4", got, err)
	}
}
