package integration

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// containerGroup is a group of containers with a private network. Their ports are
// published for clients.
type containerGroup struct {
	network    *containerNetwork
	containers []*redisContainer
}

// startGroup starts a container for each configuration.
func startGroup(docker *testcontainers.DockerClient, configs []containerConfig) (*containerGroup, error) {
	if err := twoNetworks(docker); err != nil {
		return nil, errors.Join(errNoContainer, err)
	}
	f := &containerGroup{containers: make([]*redisContainer, len(configs))}
	var err error
	if f.network, err = newContainerNetwork(docker); err != nil {
		return nil, err
	}
	if err := f.forEach(func(i int) error { return f.start(i, docker, configs[i]) }); err != nil {
		return nil, errors.Join(err, f.remove())
	}
	return f, nil
}

// twoNetworks returns an error for Podman, which does not forward the published port of a
// container that has joined a second network.
func twoNetworks(docker *testcontainers.DockerClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), networkTimeout)
	defer cancel()
	about, err := docker.ServerVersion(ctx, client.ServerVersionOptions{})
	for _, c := range about.Components {
		if strings.HasPrefix(c.Name, "Podman") {
			return errors.New("a cluster or sentinels in containers need Docker: Podman does not reach a container that is in two networks")
		}
	}
	return err
}

func (f *containerGroup) start(i int, docker *testcontainers.DockerClient, r containerConfig) error {
	b, err := startContainer(docker, r)
	if err != nil {
		return err
	}
	b.network, b.ip = f.network, f.network.address(i)
	f.containers[i] = b
	return f.network.connect(b)
}

// forEach calls do for every container, concurrently.
func (f *containerGroup) forEach(do func(i int) error) error {
	errs := make([]error, len(f.containers))
	var group sync.WaitGroup
	for i := range f.containers {
		group.Go(func() { errs[i] = do(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (f *containerGroup) addrs() (all []string) {
	for _, b := range f.containers {
		all = append(all, b.addr)
	}
	return all
}

// internalAddr returns the address of a container for the other containers.
func (f *containerGroup) internalAddr(i int) string {
	return net.JoinHostPort(f.containers[i].ip.String(), strconv.Itoa(f.containers[i].port))
}

// removeAtEnd removes the group when the test ends.
func (f *containerGroup) removeAtEnd(t testing.TB) {
	t.Cleanup(func() {
		if err := f.remove(); err != nil {
			t.Errorf("integration: remove containers: %v", err)
		}
	})
}

// remove removes the containers and then their network.
func (f *containerGroup) remove() error {
	err := f.forEach(func(i int) error {
		if f.containers[i] == nil { // it did not start
			return nil
		}
		return f.containers[i].remove()
	})
	return errors.Join(err, f.network.remove())
}

// sharedContainerCluster is the shared cluster of containers.
var sharedContainerCluster sharedGroup

type sharedGroup struct {
	exclusive sync.Mutex // held by the test that uses the cluster
	mu        sync.Mutex
	group     *containerGroup
	inUse     bool
	keepAlive bool // do not remove it when unused; true while Main runs
}

// acquire returns the addresses of the cluster. It starts the cluster if needed. The
// caller holds exclusive.
func (s *sharedGroup) acquire(docker *testcontainers.DockerClient) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.group == nil {
		f, err := startContainerCluster(docker, 0, nodeTimeout)
		if err != nil {
			return nil, err
		}
		s.group = f
	}
	s.inUse = true
	return s.group.addrs(), nil
}

// nodeTimeout is the node timeout of the shared cluster. It is long because the cluster
// has no replicas to fail over to, and a busy machine must not make nodes look failed.
const nodeTimeout = 15 * time.Second

func (s *sharedGroup) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse = false
	return s.removeUnused()
}

func (s *sharedGroup) setKeepAlive(yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepAlive = yes
	return s.removeUnused()
}

func (s *sharedGroup) removeUnused() error {
	if s.group == nil || s.keepAlive || s.inUse {
		return nil
	}
	f := s.group
	s.group = nil
	return f.remove()
}
