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
	watchedNodes = 3 // a master and its replicas
	watchers     = 3 // sentinels
)

// guard is a proxy in front of a sentinel in a container. A sentinel returns the
// addresses of the private network, which clients cannot reach. The proxy replaces them
// with the engine's host. Ports need no replacement: a server listens in its container on
// the number of its published port, and a sentinel on the number of its proxy's port.
type guard struct {
	proxy           *redistest.Proxy
	inside, outside int
}

func newGuard(t testing.TB, host string) guard {
	t.Helper()
	outside, err := redistest.FreePort()
	if err != nil {
		t.Fatalf("integration: %v", err)
	}
	g := guard{proxy: redistest.NewProxy(t, net.JoinHostPort(host, strconv.Itoa(outside))), outside: outside}
	_, port, err := net.SplitHostPort(g.proxy.Addr())
	if err == nil {
		g.inside, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatalf("integration: parse the address of a proxy: %v", err)
	}
	return g
}

// boxedSentinel starts a master, replicas and sentinels in containers.
func boxedSentinel(t testing.TB) *Env {
	t.Helper()
	docker := needEngine(t, "sentinels need redis-server or valkey-server on PATH, or Docker", "redis", "docker")
	host, err := engineHost()
	if err != nil {
		unmade(t, errors.Join(errNoContainer, err))
	}
	e := &Env{t: t, kind: "sentinel", watch: redistest.SentinelSet{MasterName: "main"}}
	e.source = "a master, two replicas and three sentinels in containers of " + image() + ", dedicated to this test"
	guards := make([]guard, watchers)
	for i := range guards {
		guards[i] = newGuard(t, host)
	}
	f, err := startWatched(docker, guards, &e.watch)
	unmade(t, err)
	f.own(t)
	e.lan, e.servers, e.sentinels = f.lan, boxServers(t, f.boxes[:watchedNodes]...), boxServers(t, f.boxes[watchedNodes:]...)
	names := map[string]string{}
	for i, b := range f.boxes {
		names[b.ip.String()] = host
		if i >= watchedNodes {
			names[b.ip.String()] = "127.0.0.1" // where its proxy listens
		}
	}
	e.base.MasterName = e.watch.MasterName
	for _, g := range guards {
		g.proxy.Rename(names)
		e.base.Addrs = append(e.base.Addrs, g.proxy.Addr())
	}
	return e
}

// startWatched starts the containers, sets up replication and sentinels, and fills in w.
func startWatched(docker *testcontainers.DockerClient, guards []guard, w *redistest.SentinelSet) (*fleet, error) {
	own := map[string]string{configFile: ""} // CONFIG REWRITE and sentinels write to it
	recipes := slices.Repeat([]recipe{{args: flags(redistest.ReplicationConfig()...), files: own}}, watchedNodes)
	for _, g := range guards {
		recipes = append(recipes, recipe{args: []string{"--sentinel"}, files: own, inside: g.inside, outside: g.outside})
	}
	f, err := startFleet(docker, recipes)
	if err != nil {
		return nil, fmt.Errorf("start sentinels in containers: %w", err)
	}
	addrs := f.addrs()
	w.Nodes, w.Sentinels = addrs[:watchedNodes], addrs[watchedNodes:]
	for _, n := range w.Nodes[1:] {
		err = errors.Join(err, redistest.MakeReplica(n, f.inside(0)))
	}
	if err == nil {
		err = w.Monitor(f.inside(0))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start sentinels in containers: %w; log of the first sentinel:\n%s", err, f.boxes[watchedNodes].log()), f.end())
	}
	return f, nil
}
