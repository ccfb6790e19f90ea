package integration

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir/internal/redistest"
)

const (
	replicationNodes = 3 // a master and its replicas
	sentinelCount    = 3 // sentinels
)

// sentinelProxy is a proxy in front of a sentinel in a container. A sentinel returns the
// addresses of the private network, which clients cannot reach. The proxy replaces them
// with the engine's host. Ports need no replacement: a server listens in its container on
// the number of its published port, and a sentinel on the number of its proxy's port.
type sentinelProxy struct {
	proxy           *redistest.Proxy
	inside, outside int
}

func newSentinelProxy(t testing.TB, host string) sentinelProxy {
	t.Helper()
	outside, err := redistest.FreePort()
	if err != nil {
		t.Fatalf("integration: %v", err)
	}
	g := sentinelProxy{proxy: redistest.NewProxy(t, net.JoinHostPort(host, strconv.Itoa(outside))), outside: outside}
	_, port, err := net.SplitHostPort(g.proxy.Addr())
	if err == nil {
		g.inside, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatalf("integration: parse the address of a proxy: %v", err)
	}
	return g
}

// newSentinelContainers starts a master, replicas and sentinels in containers.
func newSentinelContainers(t testing.TB) *Env {
	t.Helper()
	docker := needEngine(t, "sentinels need redis-server or valkey-server on PATH, or Docker", "redis", "docker")
	host, err := engineHost()
	if err != nil {
		checkCreated(t, errors.Join(errNoContainer, err))
	}
	e := &Env{t: t, kind: "sentinel", sentinelSet: redistest.SentinelSet{MasterName: "main"}}
	e.source = "a master, two replicas and three sentinels in containers of " + image() + ", dedicated to this test"
	proxies := make([]sentinelProxy, sentinelCount)
	for i := range proxies {
		proxies[i] = newSentinelProxy(t, host)
	}
	f, err := startSentinelContainers(docker, proxies, &e.sentinelSet)
	checkCreated(t, err)
	f.removeAtEnd(t)
	e.network, e.servers, e.sentinels = f.network, containerServers(t, f.containers[:replicationNodes]...), containerServers(t, f.containers[replicationNodes:]...)
	names := map[string]string{}
	for i, b := range f.containers {
		names[b.ip.String()] = host
		if i >= replicationNodes {
			names[b.ip.String()] = "127.0.0.1" // where its proxy listens
		}
	}
	e.base.MasterName = e.sentinelSet.MasterName
	for _, g := range proxies {
		g.proxy.Rename(names)
		e.base.Addrs = append(e.base.Addrs, g.proxy.Addr())
	}
	return e
}

// startSentinelContainers starts the containers, sets up replication and sentinels, and
// fills in w.
func startSentinelContainers(docker *testcontainers.DockerClient, proxies []sentinelProxy, w *redistest.SentinelSet) (*containerGroup, error) {
	own := map[string]string{configFile: ""} // CONFIG REWRITE and sentinels write to it
	configs := slices.Repeat([]containerConfig{{args: configArgs(redistest.ReplicationConfig()...), files: own}}, replicationNodes)
	for _, g := range proxies {
		configs = append(configs, containerConfig{args: []string{"--sentinel"}, files: own, inside: g.inside, outside: g.outside})
	}
	f, err := startGroup(docker, configs)
	if err != nil {
		return nil, fmt.Errorf("start sentinels in containers: %w", err)
	}
	addrs := f.addrs()
	w.Nodes, w.Sentinels = addrs[:replicationNodes], addrs[replicationNodes:]
	for _, n := range w.Nodes[1:] {
		err = errors.Join(err, redistest.MakeReplica(n, f.internalAddr(0)))
	}
	if err == nil {
		err = w.Monitor(f.internalAddr(0))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start sentinels in containers: %w; log of the first sentinel:\n%s", err, f.containers[replicationNodes].log()), f.remove())
	}
	return f, nil
}
