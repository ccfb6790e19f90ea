package collections_test

import (
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestUpdateBesideAStaleReplica updates through clients that read from replicas, while
// the replicas are disconnected and have stale values. The update must read from the
// master.
func TestUpdateBesideAStaleReplica(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 1)
	plain := c.Client(t)
	m, v := collections.NewMap[string, int](plain, "m"), collections.NewValue[int](plain, "v")
	gone := collections.NewValue[int](plain, "gone")
	for _, store := range []func(int) error{
		func(n int) error { return m.Set(ctx, "k", n) },
		func(n int) error { return v.Set(ctx, n) },
		func(n int) error { return gone.Set(ctx, n) },
	} {
		if err := store(1); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"m", "v", "gone"} {
		admin := c.MasterFor(key).Client(t)
		if n, err := admin.Wait(ctx, 1, 20*time.Second).Result(); err != nil || n < 1 {
			t.Fatalf("%d replicas have the values: %v", n, err)
		}
	}
	for _, key := range []string{"m", "v", "gone"} {
		admin := c.MasterFor(key).Client(t)
		if err := admin.Do(ctx, "acl", "setuser", "default", "-psync", "-sync").Err(); err != nil {
			t.Fatal(err)
		}
		if err := admin.ClientKillByFilter(ctx, "type", "replica").Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Set(ctx, "k", 10); err != nil {
		t.Fatal(err)
	}
	if err := v.Set(ctx, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	for name, choose := range readFromReplicas() {
		t.Run(name, func(t *testing.T) {
			rdb := c.Client(t, choose)
			calls := 0
			add := func(old int, ok bool) (int, bool, error) {
				calls++
				if old != 10 || !ok {
					t.Errorf("the update sees %d, %t; want 10", old, ok)
				}
				return old, true, nil
			}
			if _, err := collections.NewMap[string, int](rdb, "m").Update(ctx, "k", add); err != nil {
				t.Error(err)
			}
			if _, err := collections.NewValue[int](rdb, "v").Update(ctx, add); err != nil {
				t.Error(err)
			}
			_, err := collections.NewValue[int](rdb, "gone").Update(ctx, func(_ int, ok bool) (int, bool, error) {
				calls++
				if ok {
					t.Error("the update sees a value that was deleted")
				}
				return 0, false, nil
			})
			if err != nil || calls != 3 {
				t.Errorf("%v; f ran %d times, want 3", err, calls)
			}
		})
	}
}
