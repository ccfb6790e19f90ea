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

// fleet is a group of containers with a private network. Their ports are published for
// clients.
type fleet struct {
	lan   *lan
	boxes []*box
}

// startFleet starts a container for each recipe.
func startFleet(docker *testcontainers.DockerClient, recipes []recipe) (*fleet, error) {
	if err := twoNetworks(docker); err != nil {
		return nil, errors.Join(errNoContainer, err)
	}
	f := &fleet{boxes: make([]*box, len(recipes))}
	var err error
	if f.lan, err = newLAN(docker); err != nil {
		return nil, err
	}
	if err := f.each(func(i int) error { return f.start(i, docker, recipes[i]) }); err != nil {
		return nil, errors.Join(err, f.end())
	}
	return f, nil
}

// twoNetworks returns an error for Podman, which does not forward the published port of a
// container that has joined a second network.
func twoNetworks(docker *testcontainers.DockerClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), lanTime)
	defer cancel()
	about, err := docker.ServerVersion(ctx, client.ServerVersionOptions{})
	for _, c := range about.Components {
		if strings.HasPrefix(c.Name, "Podman") {
			return errors.New("a cluster or sentinels in containers need Docker: Podman does not reach a container that is in two networks")
		}
	}
	return err
}

func (f *fleet) start(i int, docker *testcontainers.DockerClient, r recipe) error {
	b, err := startBox(docker, r)
	if err != nil {
		return err
	}
	b.lan, b.ip = f.lan, f.lan.address(i)
	f.boxes[i] = b
	return f.lan.join(b)
}

// each calls do for every container, concurrently.
func (f *fleet) each(do func(i int) error) error {
	errs := make([]error, len(f.boxes))
	var group sync.WaitGroup
	for i := range f.boxes {
		group.Go(func() { errs[i] = do(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (f *fleet) addrs() (all []string) {
	for _, b := range f.boxes {
		all = append(all, b.addr)
	}
	return all
}

// inside returns the address of a container for the other containers.
func (f *fleet) inside(i int) string {
	return net.JoinHostPort(f.boxes[i].ip.String(), strconv.Itoa(f.boxes[i].port))
}

// own removes the fleet when the test ends.
func (f *fleet) own(t testing.TB) {
	t.Cleanup(func() {
		if err := f.end(); err != nil {
			t.Errorf("integration: remove containers: %v", err)
		}
	})
}

// end removes the containers and then their network.
func (f *fleet) end() error {
	err := f.each(func(i int) error {
		if f.boxes[i] == nil { // it did not start
			return nil
		}
		return f.boxes[i].end()
	})
	return errors.Join(err, f.lan.end())
}

// fleets is the shared cluster of containers.
var fleets sharing

type sharing struct {
	turns sync.Mutex // held by the test that uses the cluster
	mu    sync.Mutex
	fleet *fleet
	used  bool
	kept  bool // do not remove it when unused; true while Main runs
}

// take returns the addresses of the cluster. It starts the cluster if needed. The caller
// holds turns.
func (s *sharing) take(docker *testcontainers.DockerClient) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fleet == nil {
		f, err := startCluster(docker, 0, patience)
		if err != nil {
			return nil, err
		}
		s.fleet = f
	}
	s.used = true
	return s.fleet.addrs(), nil
}

// patience is the node timeout of the shared cluster. It is long because the cluster has
// no replicas to fail over to, and a busy machine must not make nodes look failed.
const patience = 15 * time.Second

func (s *sharing) give() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = false
	return s.endUnused()
}

func (s *sharing) keep(yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = yes
	return s.endUnused()
}

func (s *sharing) endUnused() error {
	if s.fleet == nil || s.kept || s.used {
		return nil
	}
	f := s.fleet
	s.fleet = nil
	return f.end()
}
