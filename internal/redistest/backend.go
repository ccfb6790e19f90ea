package redistest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/embedded"
)

// Backend is one kind of Redis to run tests on.
type Backend struct {
	// Name is the name of the subtest: "embedded", "redis-server", "cluster",
	// "autopipeline", or a name such as "valkey-9.1.2-cluster".
	Name        string
	requirement string // word of DESIR_REQUIRE that forbids skipping; "" if the backend is always available
	program     Program
	open        func(t testing.TB, p Program) *Redis
}

// Backends returns all backends, always in the same order:
//
//   - embedded: a dedicated server of package embedded
//   - redis-server: one process, shared by the tests of a binary
//   - cluster: three masters without replicas, shared by the tests of a binary
//   - autopipeline: the same process as redis-server, through a [redis.AutoPipeliner]
//   - redis-8.0.2, redis-8.0.2-cluster and so on: a shared process and a shared cluster of
//     each server that DESIR_SERVERS lists. Their [Redis.Name] is "redis-server" and
//     "cluster".
//
// A shared server starts with the first test that needs it and ends with [Main].
func Backends() []Backend {
	all := []Backend{
		{Name: "embedded", open: openEmbedded},
		{Name: "redis-server", requirement: "redis", open: openServer},
		{Name: "cluster", requirement: "cluster", open: openCluster},
		{Name: "autopipeline", requirement: "redis", open: openAutoPipeline},
	}
	for _, p := range Programs() {
		all = append(all,
			Backend{Name: p.Name, program: p, open: openServer},
			Backend{Name: p.Name + "-cluster", program: p, open: openCluster})
	}
	return all
}

// Each runs the test once per backend, in parallel subtests named after the backends.
func Each(t *testing.T, test func(t *testing.T, r *Redis)) {
	t.Helper()
	for _, b := range Backends() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			test(t, b.Start(t))
		})
	}
}

// Start returns a connection to the backend. When the test ends, its keys are deleted and
// its clients are closed.
//
// If the machine lacks the backend, the test is skipped with the reason. It fails instead
// if the environment variable DESIR_REQUIRE contains the word of the backend.
// DESIR_REQUIRE is a comma-separated list of "redis", "cluster" and, for servers of
// DESIR_SERVERS, "servers".
func (b Backend) Start(t testing.TB) *Redis {
	t.Helper()
	if b.requirement != "" && ServerBinary() == "" {
		Missing(t, "redis-server not found on PATH: backend "+b.Name+" skipped", b.requirement)
	}
	b.program.Need(t)
	return b.open(t, b.program)
}

// Missing skips the test. If DESIR_REQUIRE contains one of the words, it fails the test.
func Missing(t testing.TB, reason string, words ...string) {
	t.Helper()
	for _, w := range words {
		if required(os.Getenv("DESIR_REQUIRE"), w) {
			t.Fatalf("%s, but DESIR_REQUIRE contains %q", reason, w)
		}
	}
	t.Skip(reason)
}

func required(list, word string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(w string) bool {
		return strings.TrimSpace(w) == word
	})
}

func openEmbedded(t testing.TB, _ Program) *Redis {
	t.Helper()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close embedded server: %v", err)
		}
	})
	return atAddrs(t, "embedded", s.Addr())
}

func openServer(t testing.TB, p Program) *Redis {
	t.Helper()
	return atAddrs(t, "redis-server", sharedServer(t, p).Addr)
}

func openAutoPipeline(t testing.TB, p Program) *Redis {
	t.Helper()
	return atAddrs(t, "autopipeline", sharedServer(t, p).Addr)
}

func openCluster(t testing.TB, p Program) *Redis {
	t.Helper()
	return atAddrs(t, "cluster", sharedCluster(t, p).Addrs...)
}

func atAddrs(t testing.TB, name string, addrs ...string) *Redis {
	t.Helper()
	return At(t, name, redis.UniversalOptions{Addrs: addrs})
}
