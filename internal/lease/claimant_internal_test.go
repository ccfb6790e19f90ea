package lease

import (
	"testing"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
)

// TestOrphaned has records arrive at a claimant in each of its states. Only what no caller has
// is released.
func TestOrphaned(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	shared, err := clients.Of(s.Client(t))
	if err != nil {
		t.Fatal(err)
	}
	k := Of(shared)
	for name, step := range map[string]struct {
		do   func(c *claimant, record string)
		free bool
	}{
		"the caller has it":            {func(c *claimant, r string) { c.accept(r); c.Orphaned(r) }, false},
		"it comes first":               {func(c *claimant, r string) { c.Orphaned(r); c.accept(r) }, false},
		"the caller waits":             {func(c *claimant, r string) { c.Orphaned(r) }, false},
		"the caller has another":       {func(c *claimant, r string) { c.accept("other 1 1 0 o"); c.Orphaned(r) }, true},
		"the caller gets another":      {func(c *claimant, r string) { c.Orphaned(r); c.accept("other 1 1 0 o") }, true},
		"the caller has left":          {func(c *claimant, r string) { c.giveUp(); c.Orphaned(r) }, true},
		"the caller leaves afterwards": {func(c *claimant, r string) { c.Orphaned(r); c.giveUp() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			req := Request{Keys: KeysOf(name, "lock", false), Weight: 1, Capacity: 1, TTL: 20 * time.Second, Owner: "o"}
			l, err := k.Try(t.Context(), req)
			if err != nil || l == nil {
				t.Fatal(l, err)
			}
			id := l.record[:len(k.ids.prefix)+1]
			for i := len(k.ids.prefix); l.record[i] != ' '; i++ {
				id = l.record[:i+1]
			}
			c := &claimant{keeper: k, req: req, id: id}
			c.Request()
			c.Replied(0)
			step.do(c, l.record)
			redistest.Eventually(t, 10*time.Second, func() bool { return k.releases.Load() == 0 }, "the releases end")
			holders, err := k.Holders(t.Context(), req.Keys)
			if err != nil || (len(holders) == 0) != step.free {
				t.Errorf("%d holders, %v; want it free: %t", len(holders), err, step.free)
			}
		})
	}
}
