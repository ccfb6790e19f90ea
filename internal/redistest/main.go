package redistest

import (
	"flag"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9/logging"
)

// Main runs the tests of a package and then ends the servers they shared:
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }
//
// It silences the log of go-redis unless the tests are verbose.
// Without it the servers end with the test process all the same (on Linux, at
// once), but their directories stay behind.
func Main(m *testing.M) int {
	defer shared.end()
	flag.Parse()
	if !testing.Verbose() {
		logging.Disable() // go-redis writes a line for each refused connection
	}
	return m.Run()
}

// Parallel is how many tests of a package whose tests mostly wait run at once, said
// before [Main]. The command line has the last word.
func Parallel(n int) { _ = flag.Set("test.parallel", strconv.Itoa(n)) } // a flag that every test binary has

// shared are the servers that the tests of one binary have in common. A failed
// start is remembered: everyone who wants the server gets its reason.
var shared sharing

type sharing struct {
	server  once[*Server]
	cluster once[*Cluster]
}

func sharedServer(t testing.TB) *Server {
	t.Helper()
	s, err := shared.server.take(func() (*Server, error) { return startServer(nil) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sharedCluster(t testing.TB) *Cluster {
	t.Helper()
	c, err := SharedCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// SharedCluster returns the cluster that the tests of a binary have in common,
// and starts it for the first. [Main] ends it.
func SharedCluster() (*Cluster, error) {
	return shared.cluster.take(func() (*Cluster, error) { return startCluster(0, patient) })
}

// patient keeps the nodes of the shared cluster from suspecting each other
// while the tests keep the machine busy: nobody is there to fail over to.
var patient = []ServerOption{Config("cluster-node-timeout", "15000")}

func (s *sharing) end() {
	if v := s.server.started(); v != nil {
		v.end()
	}
	if v := s.cluster.started(); v != nil {
		v.end()
	}
}

// once holds what is started by the first who asks. Unlike [sync.Once] it can
// be asked afterwards whether anything was.
type once[T comparable] struct {
	mu   sync.Mutex
	done bool
	v    T
	err  error
}

func (o *once[T]) take(start func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done {
		o.v, o.err = start()
		o.done = true
	}
	return o.v, o.err
}

func (o *once[T]) started() T {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.v
}

// ServerBinary returns the path of redis-server, or of valkey-server, or "".
func ServerBinary() string {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
