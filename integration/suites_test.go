package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// TestSuites holds the promises of every type where the packages' own tests do
// not look: in a container, on a cluster of six containers, and behind sentinels,
// in containers where they can be had.
func TestSuites(t *testing.T) {
	t.Parallel()
	for backend, make := range map[string]func(testing.TB) *Env{
		"container": func(t testing.TB) *Env { return New(t, Alone(), WithContainer()) },
		"cluster":   func(t testing.TB) *Env { return Cluster(t, Replicas(1), WithContainer()) },
		"sentinel": func(t testing.TB) *Env {
			if _, err := engine(); err != nil {
				return Sentinel(t)
			}
			return Sentinel(t, WithContainer())
		},
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			e := make(t)
			for name, suite := range map[string]func(*testing.T, *redistest.Redis){
				"Map": conformance.Map, "Set": conformance.Set, "SortedSet": conformance.SortedSet, "List": conformance.List,
				"Value": conformance.Value, "Object": conformance.Object, "Counter": conformance.Counter, "IDs": conformance.IDs,
				"Bounded": conformance.Bounded, "Window": conformance.Window, "Sharded": conformance.Sharded,
				"Chan": conformance.Chan, "PriorityQueue": conformance.PriorityQueue, "Mailbox": conformance.Mailbox,
				"RPC": conformance.RPC,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					suite(t, redistest.At(t, backend, e.base))
				})
			}
		})
	}
}
