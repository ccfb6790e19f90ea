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
func Matrix(t *testing.T, test func(t *testing.T, e *Env)) {
	t.Helper()
	for _, kind := range []struct {
		name string
		make func(testing.TB, ...Option) *Env
	}{
		{"server", New},
		{"container", func(t testing.TB, opts ...Option) *Env { return New(t, append(opts, WithContainer())...) }},
		{"cluster", Cluster},
		{"sentinel", Sentinel},
		{"tls", TLS},
	} {
		t.Run(kind.name, func(t *testing.T) { test(t, kind.make(t)) })
	}
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
	return redistest.Main(m)
}

// keep lets what is shared stay while nobody uses it, or no longer.
func keep(yes bool) {
	if err := errors.Join(boxes.keep(yes), fleets.keep(yes)); err != nil {
		fmt.Fprintf(os.Stderr, "integration: remove containers: %v\n", err)
	}
}
