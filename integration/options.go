package integration

import "github.com/desir-go/desir/internal/redistest"

// Option changes what [New] and its like look for.
type Option interface{ apply(*settings) }

type settings struct {
	container bool
	alone     bool
	leaks     bool
	replicas  int
	program   redistest.Program // the zero Program: the one on PATH
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

// Container takes a container even where a server is on PATH or REDIS_URL
// is set.
func Container() Option { return option(func(s *settings) { s.container = true }) }

// Alone asks for a server that no other test uses, which REDIS_URL never is.
// Topics need it, since they know no databases, and so does a test that kills
// its server.
func Alone() Option { return option(func(s *settings) { s.alone = true }) }

// NoLeaks fails the test if it leaves something behind: keys without an expiry,
// subscriptions on a server of its own, or goroutines of desir or go-redis,
// started by the test's goroutine and its children, 5 seconds after its end.
// What the test closes and deletes by t.Cleanup after the call of New is not left.
func NoLeaks() Option { return option(func(s *settings) { s.leaks = true }) }

// Replicas gives every master of [Cluster] so many replicas; the default is 0.
// The cluster is the test's own then.
func Replicas(n int) Option { return option(func(s *settings) { s.replicas = n }) }

// running takes a server that DESIR_SERVERS lists.
func running(p redistest.Program) Option { return option(func(s *settings) { s.program = p }) }

func gather(opts []Option) settings {
	var s settings
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s
}
