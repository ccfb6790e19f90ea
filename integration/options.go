package integration

import "github.com/desir-go/desir/internal/redistest"

// Option configures [New], [Cluster], [Sentinel] and [TLS].
type Option interface{ apply(*settings) }

type settings struct {
	container bool
	alone     bool
	leaks     bool
	replicas  int
	program   redistest.Program // the zero Program means the one on PATH
}

// binary returns the path of the server to start, or "".
func (s settings) binary() string {
	if s.program.Path != "" {
		return s.program.Path
	}
	return redistest.ServerBinary()
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// Container selects containers, even if a server is on PATH or REDIS_URL is set.
func Container() Option { return option(func(s *settings) { s.container = true }) }

// Alone requests a dedicated server or cluster, which no other test uses. It ignores
// REDIS_URL. A test that uses topics needs it, since publish/subscribe is not per
// database. A test that kills its server needs it too.
func Alone() Option { return option(func(s *settings) { s.alone = true }) }

// NoLeaks fails the test if one of these remains at its end:
//
//   - keys without an expiry
//   - subscriptions, on a dedicated server
//   - goroutines that run code of desir, go-redis or the embedded server and descend from
//     the test's goroutine, 5 seconds after the end
//
// The check runs after the functions that the test registered with t.Cleanup after the
// call of New.
func NoLeaks() Option { return option(func(s *settings) { s.leaks = true }) }

// Replicas gives each master of [Cluster] n replicas. The default is 0. If n is positive,
// the cluster is dedicated to the test.
func Replicas(n int) Option { return option(func(s *settings) { s.replicas = n }) }

// withProgram selects a server that DESIR_SERVERS lists.
func withProgram(p redistest.Program) Option { return option(func(s *settings) { s.program = p }) }

func newSettings(opts []Option) settings {
	var s settings
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s
}
