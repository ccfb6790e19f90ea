package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
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

const (
	defaultImage = "redis:8"
	perContainer = 4096 // databases of the shared container
	startTime    = 2 * time.Minute
)

func image() string {
	if name := os.Getenv("DESIR_REDIS_IMAGE"); name != "" {
		return name
	}
	return defaultImage
}

// inContainer gives the test a database of the shared container, or a container.
func inContainer(t testing.TB, alone bool) *Env {
	t.Helper()
	docker, err := engine()
	if err != nil {
		missing(t, fmt.Sprintf("no server: set REDIS_URL, install redis-server, or start Docker (%v)", err), "docker", "redis")
	}
	sweepOnce(docker)
	e := &Env{t: t, kind: "server"}
	if alone {
		b, err := startBox(docker)
		unmade(t, err)
		t.Cleanup(func() {
			if err := b.end(); err != nil {
				t.Errorf("integration: remove the container: %v", err)
			}
		})
		e.base.Addrs = []string{b.addr}
		e.servers = []*Server{{Addr: b.addr, t: t, body: b}}
		e.source = fmt.Sprintf("a container of %s at %s, the test's own", image(), b.addr)
		return e
	}
	addr, db, err := boxes.take(docker)
	unmade(t, err)
	e.base.Addrs, e.base.DB = []string{addr}, db
	e.source = fmt.Sprintf("database %d of a container of %s at %s, shared by the tests of this binary", db, image(), addr)
	t.Cleanup(func() {
		if err := boxes.give(addr, db); err != nil {
			t.Errorf("integration: give database %d back: %v", db, err)
		}
	})
	return e
}

// unmade ends a test that has no container.
func unmade(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errNoContainer):
		missing(t, err.Error()+"; DESIR_REDIS_IMAGE may name another image", "docker")
	case err != nil:
		t.Fatalf("integration: %v", err)
	}
}

// engine returns a client of the container engine that answers.
var engine = sync.OnceValues(func() (c *testcontainers.DockerClient, err error) {
	defer func() {
		if r := recover(); r != nil { // the library's way to say that it found no engine
			err = fmt.Errorf("%v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer log.SetDefault(log.Default())
	log.SetDefault(log.NewNoopLogger()) // it would describe the engine
	if c, err = testcontainers.NewDockerClientWithOpts(ctx); err == nil {
		_, err = c.Ping(ctx, client.PingOptions{})
	}
	return c, err
})

// box is one container with a server.
type box struct {
	docker *testcontainers.DockerClient
	c      *testcontainers.DockerContainer
	addr   string
}

// errNoContainer is for images that cannot be had, above all.
var errNoContainer = errors.New("the container engine made no container")

// startBox starts a container and returns when its server answers. One that
// does not start shows its log in the error, and is removed.
func startBox(docker *testcontainers.DockerClient, args ...string) (*box, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	port, err := redistest.FreePort() // the same one after a restart
	if err != nil {
		return nil, err
	}
	inside := network.MustParsePort("6379/tcp")
	c, err := testcontainers.Run(ctx, image(),
		testcontainers.WithLogger(log.NewNoopLogger()),
		testcontainers.WithCmd(append([]string{"redis-server", "--save", "", "--protected-mode", "no"}, args...)...),
		testcontainers.WithExposedPorts(inside.String()),
		testcontainers.WithLabels(map[string]string{ownerLabel: owner()}),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{inside: {{HostPort: strconv.Itoa(port)}}}
		}),
		testcontainers.WithWaitStrategyAndDeadline(startTime, wait.ForListeningPort(inside.String()).SkipInternalCheck()),
	)
	b := &box{docker: docker, c: c}
	if err == nil {
		b.addr, err = c.PortEndpoint(ctx, inside.String(), "")
	}
	if err == nil {
		err = b.answers(ctx)
	}
	if err == nil {
		return b, nil
	}
	err = fmt.Errorf("a container of %s did not start: %w", image(), err)
	if c == nil {
		return nil, errors.Join(errNoContainer, err)
	}
	return nil, errors.Join(fmt.Errorf("%w; its log:\n%s", err, b.log()), b.end())
}

// answers waits for the server's first answer.
func (b *box) answers(ctx context.Context) error {
	c := redis.NewClient(&redis.Options{Addr: b.addr, MaxRetries: -1, DialTimeout: time.Second})
	defer c.Close()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := c.Ping(ctx).Err()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(pause)
	}
}

func (b *box) kill() error {
	return b.call(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"})
		return err
	})
}

func (b *box) restart() error {
	return b.call(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerRestart(ctx, id, client.ContainerRestartOptions{})
		if err != nil {
			return err
		}
		return b.answers(ctx)
	})
}

func (b *box) freeze() error {
	return b.call(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerPause(ctx, id, client.ContainerPauseOptions{})
		return err
	})
}

func (b *box) thaw() error {
	return b.call(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

func (b *box) log() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := b.c.Logs(ctx)
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

func (b *box) end() error {
	return b.call(func(ctx context.Context, id string) error {
		_, err := b.docker.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		return err
	})
}

func (b *box) call(f func(ctx context.Context, id string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	return f(ctx, b.c.GetContainerID())
}

// boxes is the container that tests share, and which of its databases are taken.
var boxes sharedBox

type sharedBox struct {
	mu    sync.Mutex
	box   *box
	taken map[int]bool
	kept  bool // until Main ends
}

// take returns a database that is empty and of nobody else.
func (s *sharedBox) take(docker *testcontainers.DockerClient) (addr string, db int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.box == nil {
		b, err := startBox(docker, "--databases", fmt.Sprint(perContainer))
		if err != nil {
			return "", 0, err
		}
		s.box, s.taken = b, map[int]bool{}
	}
	for db := range perContainer {
		if !s.taken[db] {
			s.taken[db] = true
			return s.box.addr, db, nil
		}
	}
	return "", 0, fmt.Errorf("all %d databases of the container are taken", perContainer)
}

// give empties a database and lets others have it. The last one ends the
// container.
func (s *sharedBox) give(addr string, db int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr, DB: db})
	defer c.Close()
	err := c.FlushDB(ctx).Err()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil { // else nobody gets it again
		delete(s.taken, db)
	}
	return errors.Join(err, s.endUnused())
}

// keep lets the container stay while nobody uses it, or no longer.
func (s *sharedBox) keep(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = yes
	if err := s.endUnused(); err != nil {
		fmt.Fprintf(os.Stderr, "integration: remove the container: %v\n", err)
	}
}

func (s *sharedBox) endUnused() error {
	if s.box == nil || s.kept || len(s.taken) > 0 {
		return nil
	}
	b := s.box
	s.box = nil
	return b.end()
}
