package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir/internal/redistest"
)

// fleet is a cluster of containers. They speak to each other over a network of
// their own, and tell clients the addresses at which their ports are published.
type fleet struct {
	lan   *lan
	boxes []*box // masters first
}

// startFleet returns when the cluster is whole. Its nodes count as failed when
// they are silent for so long.
func startFleet(docker *testcontainers.DockerClient, replicas int, silence time.Duration) (*fleet, error) {
	host, err := engineHost()
	if err == nil {
		err = twoNetworks(docker)
	}
	if err != nil {
		return nil, errors.Join(errNoContainer, err)
	}
	var args []string
	for _, line := range append(redistest.NodeConfig(silence), "cluster-announce-hostname "+host, "cluster-preferred-endpoint-type hostname") {
		name, value, _ := strings.Cut(line, " ")
		args = append(args, "--"+name, value)
	}
	f := &fleet{}
	if f.lan, err = newLAN(docker); err != nil {
		return nil, err
	}
	f.boxes = make([]*box, redistest.Masters*(1+replicas))
	if err = f.each(func(i int) error { return f.start(i, docker, args) }); err == nil {
		err = f.nodes().Form(replicas)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster of containers: %w", err), f.end())
	}
	return f, nil
}

// twoNetworks refuses Podman: it answered no more at the published port of a
// container that had joined a second network.
func twoNetworks(docker *testcontainers.DockerClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), lanTime)
	defer cancel()
	about, err := docker.ServerVersion(ctx, client.ServerVersionOptions{})
	for _, c := range about.Components {
		if strings.HasPrefix(c.Name, "Podman") {
			return errors.New("a cluster of containers needs Docker: Podman does not reach containers that are in two networks")
		}
	}
	return err
}

func (f *fleet) start(i int, docker *testcontainers.DockerClient, args []string) error {
	b, err := startBox(docker, args...)
	if err != nil {
		return err
	}
	b.lan, b.ip = f.lan, f.lan.address(i)
	f.boxes[i] = b
	return f.lan.join(b)
}

// each calls do for every container, side by side.
func (f *fleet) each(do func(i int) error) error {
	errs := make([]error, len(f.boxes))
	var group sync.WaitGroup
	for i := range f.boxes {
		group.Go(func() { errs[i] = do(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (f *fleet) nodes() (all redistest.Nodes) {
	for _, b := range f.boxes {
		_, port, _ := net.SplitHostPort(b.addr)
		all = append(all, redistest.Node{Addr: b.addr, Inside: net.JoinHostPort(b.ip.String(), port)})
	}
	return all
}

func (f *fleet) addrs() (all []string) {
	for _, b := range f.boxes {
		all = append(all, b.addr)
	}
	return all
}

// end removes the containers, and then their network.
func (f *fleet) end() error {
	err := f.each(func(i int) error {
		if f.boxes[i] == nil { // it did not start
			return nil
		}
		return f.boxes[i].end()
	})
	return errors.Join(err, f.lan.end())
}

// fleets is the cluster of containers that tests share.
var fleets sharing

type sharing struct {
	turns sync.Mutex // held by the test that has the cluster
	mu    sync.Mutex
	fleet *fleet
	used  bool
	kept  bool // until Main ends
}

// take returns the addresses of the cluster to the test whose turn it is.
func (s *sharing) take(docker *testcontainers.DockerClient) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fleet == nil {
		f, err := startFleet(docker, 0, patience)
		if err != nil {
			return nil, err
		}
		s.fleet = f
	}
	s.used = true
	return s.fleet.addrs(), nil
}

// patience keeps the nodes from suspecting each other while tests keep the
// machine busy: nobody is there to fail over to.
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
