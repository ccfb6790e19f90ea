package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// TestSuites runs the conformance suites in places that the tests of the packages do not
// cover: in a container, on a cluster of six containers, and with Sentinel. Sentinel runs
// in containers if they are available, and with each server that DESIR_SERVERS lists.
func TestSuites(t *testing.T) {
	t.Parallel()
	type backend struct {
		subtest, name string // name becomes redistest.Redis.Name
		start         func(testing.TB) *Env
	}
	backends := []backend{
		{"container", "container", func(t testing.TB) *Env { return New(t, Alone(), Container()) }},
		{"cluster", "cluster", func(t testing.TB) *Env { return Cluster(t, Replicas(1), Container()) }},
		{"sentinel", "sentinel", func(t testing.TB) *Env {
			if _, err := engine(); err != nil {
				return Sentinel(t)
			}
			return Sentinel(t, Container())
		}},
	}
	for _, p := range redistest.Programs() {
		backends = append(backends, backend{p.Name + "-sentinel", "sentinel", func(t testing.TB) *Env {
			p.Need(t)
			return Sentinel(t, withProgram(p))
		}})
	}
	for _, b := range backends {
		t.Run(b.subtest, func(t *testing.T) {
			t.Parallel()
			e := b.start(t)
			for name, suite := range map[string]func(*testing.T, *redistest.Redis){
				"Map": conformance.Map, "Set": conformance.Set, "SortedSet": conformance.SortedSet, "List": conformance.List,
				"Value": conformance.Value, "Object": conformance.Object, "Counter": conformance.Counter, "IDs": conformance.IDs,
				"Bounded": conformance.Bounded, "Window": conformance.Window, "Sharded": conformance.Sharded,
				"Chan": conformance.Chan, "PriorityQueue": conformance.PriorityQueue, "Mailbox": conformance.Mailbox,
				"RPC": conformance.RPC,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					suite(t, redistest.At(t, b.name, e.base))
				})
			}
		})
	}
}
