package redistest

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9/logging"
)

// Main runs the tests of a package and then ends the servers that they shared:
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }
//
// It prints which servers the tests run on. Unless the tests are verbose, it silences the
// logs of go-redis and of slog's default logger, which report outages.
//
// Without Main the servers still end with the test process (on Linux, at once), but their
// directories remain.
func Main(m *testing.M) int {
	Quiet()
	return Run(m)
}

// Run is [Main] for tests of other modules. It does not change their slog.
func Run(m *testing.M) int {
	defer shared.end()
	if !verbose() {
		logging.Disable() // go-redis writes a line for each refused connection
	}
	fmt.Println("servers:", describePrograms()+"; protocol:", cmp.Or(os.Getenv(ProtocolVariable), "3"))
	return m.Run()
}

// Quiet silences slog's default logger unless the tests are verbose. Package log still
// prints.
func Quiet() {
	if verbose() {
		return
	}
	out, flags := log.Writer(), log.Flags()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	log.SetOutput(out)
	log.SetFlags(flags)
}

func verbose() bool {
	flag.Parse()
	return testing.Verbose()
}

// Parallel sets how many tests run in parallel. A package whose tests mostly wait calls
// it before [Main]. The flag -parallel on the command line overrides it.
func Parallel(n int) { _ = flag.Set("test.parallel", strconv.Itoa(n)) } // cannot fail: every test binary has this flag

// shared holds the shared servers of this test binary, by program. It remembers a failed
// start: every test that needs the server gets the same error.
var shared sharedServers

type sharedServers struct {
	mu        sync.Mutex
	byProgram map[Program]*programServers
}

type programServers struct {
	server  lazy[*Server]
	cluster lazy[*Cluster]
}

func (s *sharedServers) of(p Program) *programServers {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byProgram == nil {
		s.byProgram = map[Program]*programServers{}
	}
	if s.byProgram[p] == nil {
		s.byProgram[p] = &programServers{}
	}
	return s.byProgram[p]
}

func sharedServer(t testing.TB, p Program) *Server {
	t.Helper()
	s, err := shared.of(p).server.get(func() (*Server, error) { return startServer([]ServerOption{Use(p)}) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sharedCluster(t testing.TB, p Program) *Cluster {
	t.Helper()
	c, err := SharedCluster(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// SharedCluster returns the cluster of a program that the tests of a binary share. The
// zero Program is the one on PATH. The first call starts the cluster. [Main] ends it.
func SharedCluster(p Program) (*Cluster, error) {
	return shared.of(p).cluster.get(func() (*Cluster, error) {
		return startCluster(0, append([]ServerOption{Use(p)}, longNodeTimeout...))
	})
}

// longNodeTimeout is the node timeout of the shared cluster. The cluster has no replicas
// to fail over to, and a busy machine must not make nodes look failed.
var longNodeTimeout = []ServerOption{Config("cluster-node-timeout", "15000")}

func (s *sharedServers) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range s.byProgram {
		if v := set.server.value(); v != nil {
			v.end()
		}
		if v := set.cluster.value(); v != nil {
			v.end()
		}
	}
}

// lazy holds a value that the first call of get creates. Unlike [sync.OnceValues] it
// returns, with value, the zero value if it was not created.
type lazy[T comparable] struct {
	mu   sync.Mutex
	done bool
	v    T
	err  error
}

func (o *lazy[T]) get(start func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done {
		o.v, o.err = start()
		o.done = true
	}
	return o.v, o.err
}

func (o *lazy[T]) value() T {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.v
}
