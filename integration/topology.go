package integration

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Matrix runs the test on every topology, in subtests "server", "container", "cluster",
// "sentinel" and "tls". Topologies that are not available are skipped by name. If the
// environment variable DESIR_SERVERS lists servers, Matrix also runs the test on each of
// them, in subtests such as "valkey-9.1.2/cluster".
func Matrix(t *testing.T, test func(t *testing.T, e *Env)) {
	t.Helper()
	t.Run("server", func(t *testing.T) { test(t, New(t)) })
	t.Run("container", func(t *testing.T) { test(t, New(t, Container())) })
	topologies(t, test)
	for _, p := range redistest.Programs() {
		t.Run(p.Name, func(t *testing.T) {
			p.Need(t)
			t.Run("server", func(t *testing.T) { test(t, New(t, withProgram(p))) })
			topologies(t, test, withProgram(p))
		})
	}
}

// topologies runs the test on a cluster, with Sentinel and with TLS.
func topologies(t *testing.T, test func(t *testing.T, e *Env), opts ...Option) {
	t.Helper()
	t.Run("cluster", func(t *testing.T) { test(t, Cluster(t, opts...)) })
	t.Run("sentinel", func(t *testing.T) { test(t, Sentinel(t, opts...)) })
	t.Run("tls", func(t *testing.T) { test(t, TLS(t, opts...)) })
}

// Main runs the tests of a package and then ends the servers that they shared:
//
//	func TestMain(m *testing.M) { os.Exit(integration.Main(m)) }
//
// Without Main a shared container ends when no test uses it, and a shared cluster of
// containers ends with each test. They start again for the next test that needs them.
func Main(m *testing.M) int {
	keepContainers(true)
	defer keepContainers(false)
	return redistest.Run(m)
}

// keepContainers sets whether shared containers stay while they are unused.
func keepContainers(yes bool) {
	if err := errors.Join(sharedDatabases.setKeepAlive(yes), sharedContainerCluster.setKeepAlive(yes)); err != nil {
		fmt.Fprintf(os.Stderr, "integration: remove containers: %v\n", err)
	}
}
