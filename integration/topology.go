package integration

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Matrix runs the test on everything there is, as subtests: "server",
// "container", "cluster", "sentinel" and "tls". What is missing is skipped by name.
// Where the environment variable DESIR_SERVERS lists servers it runs the test on each
// of them as well, in subtests like "valkey-9.1.2/cluster".
func Matrix(t *testing.T, test func(t *testing.T, e *Env)) {
	t.Helper()
	t.Run("server", func(t *testing.T) { test(t, New(t)) })
	t.Run("container", func(t *testing.T) { test(t, New(t, Container())) })
	topologies(t, test)
	for _, p := range redistest.Programs() {
		t.Run(p.Name, func(t *testing.T) {
			p.Need(t)
			t.Run("server", func(t *testing.T) { test(t, New(t, running(p))) })
			topologies(t, test, running(p))
		})
	}
}

// topologies runs the test on more than one server, and on one that speaks TLS.
func topologies(t *testing.T, test func(t *testing.T, e *Env), opts ...Option) {
	t.Helper()
	t.Run("cluster", func(t *testing.T) { test(t, Cluster(t, opts...)) })
	t.Run("sentinel", func(t *testing.T) { test(t, Sentinel(t, opts...)) })
	t.Run("tls", func(t *testing.T) { test(t, TLS(t, opts...)) })
}

// Main runs the tests of a package and then ends what they have shared:
//
//	func TestMain(m *testing.M) { os.Exit(integration.Main(m)) }
//
// Without it a shared container ends with the last test that uses it, a shared
// cluster of containers with each, and is started again for the next.
func Main(m *testing.M) int {
	keep(true)
	defer keep(false)
	return redistest.Run(m)
}

// keep lets what is shared stay while nobody uses it, or no longer.
func keep(yes bool) {
	if err := errors.Join(boxes.keep(yes), fleets.keep(yes)); err != nil {
		fmt.Fprintf(os.Stderr, "integration: remove containers: %v\n", err)
	}
}
