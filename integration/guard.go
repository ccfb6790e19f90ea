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

// guard stands before a sentinel in a container. Sentinels tell clients where they
// reach a server themselves, which clients cannot. So clients speak to each of
// them through a proxy of this process, which puts the engine's host in place of
// addresses of the inner network. Ports stay: a server listens inside on the
// number that is published, a sentinel on the number of its proxy.
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
		t.Fatalf("integration: the address of a proxy: %v", err)
	}
	return g
}

// boxedSentinel gives the test a master, replicas and sentinels in containers.
func boxedSentinel(t testing.TB) *Env {
	t.Helper()
	docker := needEngine(t, "sentinels need redis-server or valkey-server on PATH, or Docker", "redis", "docker")
	host, err := engineHost()
	if err != nil {
		unmade(t, errors.Join(errNoContainer, err))
	}
	e := &Env{t: t, kind: "sentinel", watch: redistest.Watch{MasterName: "main"}}
	e.source = "a master, two replicas and three sentinels in containers of " + image() + ", the test's own"
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
			names[b.ip.String()] = "127.0.0.1" // as its proxy
		}
	}
	e.base.MasterName = e.watch.MasterName
	for _, g := range guards {
		g.proxy.Rename(names)
		e.base.Addrs = append(e.base.Addrs, g.proxy.Addr())
	}
	return e
}

// startWatched starts the containers, tells the servers who follows whom, and
// completes w.
func startWatched(docker *testcontainers.DockerClient, guards []guard, w *redistest.Watch) (*fleet, error) {
	own := map[string]string{configFile: ""} // where they write down what they are told
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
		err = errors.Join(err, redistest.Follow(n, f.inside(0)))
	}
	if err == nil {
		err = w.Begin(f.inside(0))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start sentinels in containers: %w; the log of one:\n%s", err, f.boxes[watchedNodes].log()), f.end())
	}
	return f, nil
}
