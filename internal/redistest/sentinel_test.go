package redistest

import (
	"context"
	"testing"
)

func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	Slow(t)
	ctx := context.Background()
	s := StartSentinel(t)
	c := s.Client(t)
	first := s.Master()
	if first != s.Nodes[0] {
		t.Fatalf("Master() = %v; want the first node", first)
	}
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	second := s.Failover()
	if second == first || second != s.Master() {
		t.Errorf("Failover() = %s, Master() = %s; want both another than %s", second.Addr, s.Master().Addr, first.Addr)
	}
	s.AwaitStable()
	if got, err := second.Client(t).Get(ctx, "k").Result(); got != "v" {
		t.Errorf("the new master has k = %q, %v; want v", got, err)
	}
	second.Kill()
	if got, err := s.MasterAfter(second).Client(t).Get(ctx, "k").Result(); got != "v" {
		t.Errorf("the third master has k = %q, %v; want v", got, err)
	}
	s.AwaitStable()
}
