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

// lan is a network over which containers speak to each other and nobody else.
// Their ports are published by the engine's default network, so that clients
// reach a container that has left this one.
type lan struct {
	docker *testcontainers.DockerClient
	id     string
	subnet netip.Prefix

	mu sync.Mutex
	in map[*box]bool
}

const lanTime = 30 * time.Second // for a call of the engine

// newLAN makes a network. Containers can have addresses of our choice only where
// the subnet was our choice too, so the engine is asked twice: for any that is
// free, and then for this one, which another program may have taken meanwhile.
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
	return nil, fmt.Errorf("make a network: %w", errors.Join(errs...))
}

func (l *lan) create(ctx context.Context, addresses *network.IPAM) (id string, err error) {
	made, err := l.docker.NetworkCreate(ctx, "desir-"+rand.Text(), client.NetworkCreateOptions{
		Driver: "bridge", Internal: true, IPAM: addresses, Labels: map[string]string{ownerLabel: owner()},
	})
	return made.ID, err
}

// choose finds a subnet that is free.
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
	return errors.New("the engine gave it no IPv4 addresses")
}

// address returns that of the i-th container.
func (l *lan) address(i int) netip.Addr {
	a := l.subnet.Masked().Addr().Next().Next() // the first one is the gateway
	for range i {
		a = a.Next()
	}
	return a
}

// join lets a container have its address, unless it has it.
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

// leave takes a container out of the network, unless it is out.
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
