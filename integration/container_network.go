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

// containerNetwork is a private network of containers. Ports are published through the
// engine's default network, so clients also reach a container that has left the network.
type containerNetwork struct {
	docker *testcontainers.DockerClient
	id     string
	subnet netip.Prefix

	mu     sync.Mutex
	joined map[*redisContainer]bool // the containers that have joined
}

const networkTimeout = 30 * time.Second // timeout of a call to the engine

// newContainerNetwork creates a network. The engine accepts fixed container addresses
// only in a network with a fixed subnet. So newLAN creates a network to learn a free
// subnet, removes it, and creates another one with that subnet. It retries, since another
// program may take the subnet in between.
func newContainerNetwork(docker *testcontainers.DockerClient) (*containerNetwork, error) {
	ctx, cancel := context.WithTimeout(context.Background(), networkTimeout)
	defer cancel()
	l := &containerNetwork{docker: docker, joined: map[*redisContainer]bool{}}
	var errs []error
	for range 5 {
		err := l.chooseSubnet(ctx)
		if err == nil {
			if l.id, err = l.create(ctx, &network.IPAM{Config: []network.IPAMConfig{{Subnet: l.subnet}}}); err == nil {
				return l, nil
			}
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("create a network: %w", errors.Join(errs...))
}

func (l *containerNetwork) create(ctx context.Context, addresses *network.IPAM) (id string, err error) {
	created, err := l.docker.NetworkCreate(ctx, "desir-"+rand.Text(), client.NetworkCreateOptions{
		Driver: "bridge", Internal: true, IPAM: addresses, Labels: map[string]string{ownerLabel: owner()},
	})
	return created.ID, err
}

// chooseSubnet finds a free subnet.
func (l *containerNetwork) chooseSubnet(ctx context.Context) error {
	id, err := l.create(ctx, nil)
	if err != nil {
		return err
	}
	created, err := l.docker.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if err = errors.Join(err, l.removeByID(ctx, id)); err != nil {
		return err
	}
	for _, c := range created.Network.IPAM.Config {
		if c.Subnet.Addr().Is4() {
			l.subnet = c.Subnet
			return nil
		}
	}
	return errors.New("the engine's network has no IPv4 subnet")
}

// address returns the address of the i-th container.
func (l *containerNetwork) address(i int) netip.Addr {
	a := l.subnet.Masked().Addr().Next().Next() // the first address is the gateway's
	for range i {
		a = a.Next()
	}
	return a
}

// connect connects a container to the network, unless it is connected.
func (l *containerNetwork) connect(b *redisContainer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.joined[b] {
		return nil
	}
	err := b.withTimeout(func(ctx context.Context, id string) error {
		_, err := l.docker.NetworkConnect(ctx, l.id, client.NetworkConnectOptions{
			Container:      id,
			EndpointConfig: &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: b.ip}},
		})
		return err
	})
	l.joined[b] = err == nil
	return err
}

// disconnect disconnects a container from the network, unless it is disconnected.
func (l *containerNetwork) disconnect(b *redisContainer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.joined[b] {
		return nil
	}
	err := b.withTimeout(func(ctx context.Context, id string) error {
		_, err := l.docker.NetworkDisconnect(ctx, l.id, client.NetworkDisconnectOptions{Container: id})
		return err
	})
	l.joined[b] = err != nil
	return err
}

func (l *containerNetwork) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), networkTimeout)
	defer cancel()
	return l.removeByID(ctx, l.id)
}

func (l *containerNetwork) removeByID(ctx context.Context, id string) error {
	_, err := l.docker.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	return err
}
