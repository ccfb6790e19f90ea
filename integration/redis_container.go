package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/desir-go/desir/internal/redistest"
)

// redisContainer is one container with a server.
type redisContainer struct {
	docker    *testcontainers.DockerClient
	container *testcontainers.DockerContainer
	addr      string // address for clients
	port      int    // port inside the container
	tls       *tls.Config
	network   *containerNetwork // private network, or nil
	ip        netip.Addr        // address in network
}

// containerConfig describes the server of a container.
type containerConfig struct {
	args            []string          // arguments of redis-server
	files           map[string]string // contents of writable files, by name in dataDir
	inside, outside int               // port in the container and published port; if 0, one free number for both
	tls             *tls.Config       // client configuration if the server accepts only TLS
}

const dataDir = "/data/" // data directory of the official images

// errNoContainer means that the engine created no container, usually because the image is
// not available.
var errNoContainer = errors.New("the container engine created no container")

// startContainer starts a container and returns when its server replies to PING. If the
// start fails, the error contains the container's log and the container is removed. The
// server keeps its port when it restarts.
func startContainer(docker *testcontainers.DockerClient, r containerConfig) (*redisContainer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	host, err := engineHost()
	if err != nil {
		return nil, errors.Join(errNoContainer, err)
	}
	if r.inside == 0 {
		if r.inside, err = redistest.FreePort(); err != nil {
			return nil, err
		}
		r.outside = r.inside
	}
	number := strconv.Itoa(r.outside)
	inside := network.MustParsePort(strconv.Itoa(r.inside) + "/tcp")
	outside := network.PortBinding{HostPort: number}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		outside.HostIP = ip // not on other interfaces, since the server has no password
	}
	c, err := testcontainers.Run(ctx, image(),
		testcontainers.WithLogger(log.NewNoopLogger()),
		testcontainers.WithCmd(r.command()...),
		testcontainers.WithFiles(r.containerFiles()...),
		testcontainers.WithExposedPorts(inside.String()),
		testcontainers.WithLabels(map[string]string{ownerLabel: owner()}),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{inside: {outside}}
		}),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout, wait.ForListeningPort(inside.String()).SkipInternalCheck()),
	)
	b := &redisContainer{docker: docker, container: c, addr: net.JoinHostPort(host, number), port: r.inside, tls: r.tls}
	if err == nil {
		err = b.awaitReply(ctx)
	}
	if err == nil {
		return b, nil
	}
	err = fmt.Errorf("a container of %s did not start: %w", image(), err)
	if c == nil {
		return nil, errors.Join(errNoContainer, err)
	}
	return nil, errors.Join(fmt.Errorf("%w; its log:\n%s", err, b.log()), b.remove())
}

// command returns the command line of the container.
func (r containerConfig) command() []string {
	words := []string{"redis-server"}
	if _, ok := r.files[configFile]; ok {
		words = append(words, dataDir+configFile)
	}
	port := "--port"
	if r.tls != nil {
		words = append(words, "--port", "0")
		port = "--tls-port"
	}
	return append(append(words, port, strconv.Itoa(r.inside), "--save", "", "--protected-mode", "no"), r.args...)
}

const configFile = "redis.conf"

func (r containerConfig) containerFiles() (files []testcontainers.ContainerFile) {
	for name, text := range r.files {
		files = append(files, testcontainers.ContainerFile{Reader: strings.NewReader(text), ContainerFilePath: dataDir + name, FileMode: 0o666})
	}
	return files
}

// configArgs converts lines of redis.conf to arguments of redis-server.
func configArgs(lines ...string) (args []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		args = append(args, "--"+name, value)
	}
	return args
}

// engineHost returns the host on which the engine publishes ports.
var engineHost = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	g, err := testcontainers.ProviderDefault.GetProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return "", err
	}
	defer g.Close()
	p, ok := g.(*testcontainers.DockerProvider)
	if !ok {
		return "", fmt.Errorf("container engine %T has no known address", g)
	}
	host, err := p.DaemonHost(ctx)
	if host == "localhost" {
		host = "127.0.0.1" // ports are published on IPv4 only
	}
	return host, err
})

// awaitReply waits until the server replies to PING.
func (b *redisContainer) awaitReply(ctx context.Context) error {
	c := redis.NewClient(&redis.Options{Addr: b.addr, TLSConfig: b.tls, MaxRetries: -1, DialTimeout: time.Second})
	defer c.Close()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := c.Ping(ctx).Err()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(pause)
	}
}

func (b *redisContainer) kill() error {
	return b.withTimeout(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"})
		return err
	})
}

func (b *redisContainer) restart() error {
	return b.withTimeout(func(ctx context.Context, id string) error {
		at := 0 // seconds
		_, err := b.docker.ContainerRestart(ctx, id, client.ContainerRestartOptions{Timeout: &at})
		if err != nil {
			return err
		}
		return b.awaitReply(ctx)
	})
}

func (b *redisContainer) freeze() error {
	return b.withTimeout(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerPause(ctx, id, client.ContainerPauseOptions{})
		return err
	})
}

func (b *redisContainer) thaw() error {
	return b.withTimeout(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

func (b *redisContainer) log() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := b.container.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (b *redisContainer) remove() error {
	return b.withTimeout(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		return err
	})
}

func (b *redisContainer) withTimeout(f func(ctx context.Context, id string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return f(ctx, b.container.GetContainerID())
}

func containerServers(t testing.TB, all ...*redisContainer) (servers []*Server) {
	for _, b := range all {
		servers = append(servers, &Server{Addr: b.addr, t: t, control: b})
	}
	return servers
}
