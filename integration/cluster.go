package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir/internal/redistest"
)

// Cluster returns a cluster of three masters. It runs the server on PATH. If there is
// none, or with [Container], it runs in containers with a private network.
//
// By default all tests of the binary share one cluster. Each test gets it empty and
// exclusively: Cluster waits until the previous test has ended. With [Replicas] or
// [Alone] the test gets a dedicated cluster. Only a dedicated cluster has [Env.Servers],
// and its nodes count as failed after 2 seconds of silence.
//
// A start takes about two seconds, or five in containers. A cluster in containers needs
// Docker and does not work with Podman.
func Cluster(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return newEnv(t, opts, newCluster)
}

func newCluster(t testing.TB, s settings) *Env {
	t.Helper()
	e := &Env{t: t, kind: "cluster"}
	dedicated := s.alone || s.replicas > 0
	switch processes := s.binary() != "" && !s.container; {
	case processes && dedicated:
		c := redistest.StartCluster(t, s.replicas, redistest.Use(s.program))
		e.base.Addrs, e.servers = c.Addrs, servers(t, c.Nodes...)
	case processes:
		e.base.Addrs = acquireProcessCluster(t, s.program)
	case dedicated:
		f := dedicatedContainerCluster(t, s.replicas)
		e.base.Addrs, e.servers, e.network = f.addrs(), containerServers(t, f.containers...), f.network
	default:
		e.base.Addrs = acquireContainerCluster(t)
	}
	e.source = "a cluster of " + s.binary() + " servers"
	if s.container || s.binary() == "" {
		e.source = "a cluster of containers of " + image()
	}
	if dedicated {
		e.source += ", dedicated to this test"
	} else {
		e.source += ", shared by the tests of this binary"
		t.Cleanup(e.empty)
	}
	return e
}

// processClusterMu is held by the test that uses the shared cluster of processes.
var processClusterMu sync.Mutex

// acquireProcessCluster waits until no other test uses the shared cluster of processes.
func acquireProcessCluster(t testing.TB, p redistest.Program) []string {
	t.Helper()
	processClusterMu.Lock()
	t.Cleanup(processClusterMu.Unlock)
	c, err := redistest.SharedCluster(p)
	if err != nil {
		t.Fatalf("integration: %v", err)
	}
	return c.Addrs
}

// empty deletes all keys of a cluster that this package started.
func (e *Env) empty() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := e.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return c.FlushAll(ctx).Err() })
	if err != nil {
		e.t.Errorf("integration: empty the cluster: %v", err)
	}
}

// startContainerCluster starts a cluster of containers and returns when it is complete.
// The nodes announce their published addresses to clients. A node that is silent for the
// given time counts as failed. The masters come first.
func startContainerCluster(docker *testcontainers.DockerClient, replicas int, silence time.Duration) (*containerGroup, error) {
	host, err := engineHost()
	if err != nil {
		return nil, errors.Join(errNoContainer, err)
	}
	node := containerConfig{args: configArgs(append(redistest.NodeConfig(silence),
		"cluster-announce-hostname "+host, "cluster-preferred-endpoint-type hostname")...)}
	f, err := startGroup(docker, slices.Repeat([]containerConfig{node}, redistest.Masters*(1+replicas)))
	if err != nil {
		return nil, fmt.Errorf("start a cluster of containers: %w", err)
	}
	var nodes redistest.Nodes
	for i, b := range f.containers {
		nodes = append(nodes, redistest.Node{Addr: b.addr, InternalAddr: f.internalAddr(i)})
	}
	if err := nodes.CreateCluster(replicas); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster of containers: %w", err), f.remove())
	}
	return f, nil
}

// dedicatedContainerCluster starts a cluster of containers for one test.
func dedicatedContainerCluster(t testing.TB, replicas int) *containerGroup {
	t.Helper()
	f, err := startContainerCluster(needEngineForCluster(t), replicas, 2*time.Second)
	checkCreated(t, err)
	f.removeAtEnd(t)
	return f
}

// acquireContainerCluster waits until no other test uses the shared cluster of
// containers.
func acquireContainerCluster(t testing.TB) []string {
	t.Helper()
	docker := needEngineForCluster(t)
	sharedContainerCluster.exclusive.Lock()
	t.Cleanup(sharedContainerCluster.exclusive.Unlock)
	addrs, err := sharedContainerCluster.acquire(docker)
	checkCreated(t, err)
	t.Cleanup(func() {
		if err := sharedContainerCluster.release(); err != nil {
			t.Errorf("integration: remove the cluster: %v", err)
		}
	})
	return addrs
}

func needEngineForCluster(t testing.TB) *testcontainers.DockerClient {
	t.Helper()
	return needEngine(t, "a cluster needs redis-server or valkey-server on PATH, or Docker", "cluster", "docker")
}
