package integration

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// lan is a private network of containers. Ports are published through the engine's
// default network, so clients also reach a container that has left the lan.
type lan struct {
	docker *testcontainers.DockerClient
	id     string
	subnet netip.Prefix

	mu sync.Mutex
	in map[*box]bool // the containers that have joined
}

const lanTime = 30 * time.Second // timeout of a call to the engine

// newLAN creates a network. The engine accepts fixed container addresses only in a
// network with a fixed subnet. So newLAN creates a network to learn a free subnet,
// removes it, and creates another one with that subnet. It retries, since another program
// may take the subnet in between.
func newLAN(docker *testcontainers.DockerClient) (*lan, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lanTime)
	defer cancel()
	l := &lan{docker: docker, in: map[*box]bool{}}
	var errs []error
	for range 5 {
		err := l.choose(ctx)
		if err == nil {
			if l.id, err = l.create(ctx, &network.IPAM{Config: []network.IPAMConfig{{Subnet: l.subnet}}}); err == nil {
				return l, nil
			}
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("create a network: %w", errors.Join(errs...))
}

func (l *lan) create(ctx context.Context, addresses *network.IPAM) (id string, err error) {
	made, err := l.docker.NetworkCreate(ctx, "desir-"+rand.Text(), client.NetworkCreateOptions{
		Driver: "bridge", Internal: true, IPAM: addresses, Labels: map[string]string{ownerLabel: owner()},
	})
	return made.ID, err
}

// choose finds a free subnet.
func (l *lan) choose(ctx context.Context) error {
	id, err := l.create(ctx, nil)
	if err != nil {
		return err
	}
	made, err := l.docker.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if err = errors.Join(err, l.remove(ctx, id)); err != nil {
		return err
	}
	for _, c := range made.Network.IPAM.Config {
		if c.Subnet.Addr().Is4() {
			l.subnet = c.Subnet
			return nil
		}
	}
	return errors.New("the engine's network has no IPv4 subnet")
}

// address returns the address of the i-th container.
func (l *lan) address(i int) netip.Addr {
	a := l.subnet.Masked().Addr().Next().Next() // the first address is the gateway's
	for range i {
		a = a.Next()
	}
	return a
}

// join connects a container to the network, unless it is connected.
func (l *lan) join(b *box) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in[b] {
		return nil
	}
	err := b.call(func(ctx context.Context, id string) error {
		_, err := l.docker.NetworkConnect(ctx, l.id, client.NetworkConnectOptions{
			Container:      id,
			EndpointConfig: &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: b.ip}},
		})
		return err
	})
	l.in[b] = err == nil
	return err
}

// leave disconnects a container from the network, unless it is disconnected.
func (l *lan) leave(b *box) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.in[b] {
		return nil
	}
	err := b.call(func(ctx context.Context, id string) error {
		_, err := l.docker.NetworkDisconnect(ctx, l.id, client.NetworkDisconnectOptions{Container: id})
		return err
	})
	l.in[b] = err != nil
	return err
}

func (l *lan) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), lanTime)
	defer cancel()
	return l.remove(ctx, l.id)
}

func (l *lan) remove(ctx context.Context, id string) error {
	_, err := l.docker.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	return err
}
