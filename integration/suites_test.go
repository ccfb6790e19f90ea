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
	redistest.Slow(t)
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
			t.Run("Atomic", func(t *testing.T) {
				t.Parallel()
				conformance.Atomic(t, redistest.At(t, b.name, e.base))
			})
			for _, typ := range conformance.All() {
				_, name := typ.Split()
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					typ.Suite(t, redistest.At(t, b.name, e.base))
				})
			}
		})
	}
}
