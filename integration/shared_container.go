package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

const (
	defaultImage = "redis:8"
	perContainer = 4096            // databases of the shared container
	startTimeout = 2 * time.Minute // timeout of a call to the container engine
)

func image() string {
	if name := os.Getenv("DESIR_REDIS_IMAGE"); name != "" {
		return name
	}
	return defaultImage
}

// newInContainer returns a database of the shared container or, if alone, a dedicated
// container.
func newInContainer(t testing.TB, alone bool) *Env {
	t.Helper()
	docker := needEngine(t, "no server: set REDIS_URL, install redis-server, or start Docker", "docker", "redis")
	e := &Env{t: t, kind: "server"}
	if alone {
		b := dedicatedContainer(t, docker, containerConfig{})
		e.base.Addrs = []string{b.addr}
		e.servers = containerServers(t, b)
		e.source = fmt.Sprintf("a container of %s at %s, dedicated to this test", image(), b.addr)
		return e
	}
	addr, db, err := sharedDatabases.acquire(docker)
	checkCreated(t, err)
	e.base.Addrs, e.base.DB = []string{addr}, db
	e.source = fmt.Sprintf("database %d of a container of %s at %s, shared by the tests of this binary", db, image(), addr)
	t.Cleanup(func() {
		if err := sharedDatabases.release(addr, db); err != nil {
			t.Errorf("integration: release database %d: %v", db, err)
		}
	})
	return e
}

// dedicatedContainer starts a container for one test.
func dedicatedContainer(t testing.TB, docker *testcontainers.DockerClient, r containerConfig) *redisContainer {
	t.Helper()
	b, err := startContainer(docker, r)
	checkCreated(t, err)
	t.Cleanup(func() {
		if err := b.remove(); err != nil {
			t.Errorf("integration: remove the container: %v", err)
		}
	})
	return b
}

// needEngine returns a client of the container engine, or ends the test. If the test
// panics, all containers of this process are removed, including shared ones.
func needEngine(t testing.TB, otherwise string, words ...string) *testcontainers.DockerClient {
	t.Helper()
	docker, err := engine()
	if err != nil {
		skipMissing(t, fmt.Sprintf("%s (%v)", otherwise, err), words...)
	}
	reapOnce(docker)
	t.Cleanup(func() {
		if panicking() {
			reap(docker, func(of string) bool { return of == owner() })
		}
	})
	return docker
}

// checkCreated ends the test if err is not nil. It skips the test if the engine created
// no container.
func checkCreated(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errNoContainer):
		skipMissing(t, err.Error()+"; set DESIR_REDIS_IMAGE to use another image", "docker")
	case err != nil:
		t.Fatalf("integration: %v", err)
	}
}

// engine returns a client of the container engine, after a successful ping.
var engine = sync.OnceValues(func() (c *testcontainers.DockerClient, err error) {
	defer func() {
		if r := recover(); r != nil { // testcontainers panics if it finds no engine
			err = fmt.Errorf("%v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer log.SetDefault(log.Default())
	log.SetDefault(log.NewNoopLogger()) // without this, testcontainers prints a description of the engine
	if c, err = testcontainers.NewDockerClientWithOpts(ctx); err == nil {
		_, err = c.Ping(ctx, client.PingOptions{})
	}
	return c, err
})

// sharedDatabases is the container that tests share, with the numbers of its databases in
// use.
var sharedDatabases sharedContainer

type sharedContainer struct {
	mu        sync.Mutex
	container *redisContainer
	inUse     map[int]bool
	keepAlive bool // do not remove it when unused; true while Main runs
}

// acquire returns an empty database that no other test uses.
func (s *sharedContainer) acquire(docker *testcontainers.DockerClient) (addr string, db int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.container == nil {
		b, err := startContainer(docker, containerConfig{args: configArgs(fmt.Sprint("databases ", perContainer))})
		if err != nil {
			return "", 0, err
		}
		s.container, s.inUse = b, map[int]bool{}
	}
	for db := range perContainer {
		if !s.inUse[db] {
			s.inUse[db] = true
			return s.container.addr, db, nil
		}
	}
	return "", 0, fmt.Errorf("all %d databases of the container are in use", perContainer)
}

// release empties a database and releases it. It removes the container if that was the
// last database in use and Main does not run.
func (s *sharedContainer) release(addr string, db int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr, DB: db})
	defer c.Close()
	err := c.FlushDB(ctx).Err()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil { // a database that may hold keys is not reused
		delete(s.inUse, db)
	}
	return errors.Join(err, s.removeUnused())
}

// setKeepAlive sets whether the container stays while it is unused.
func (s *sharedContainer) setKeepAlive(yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepAlive = yes
	return s.removeUnused()
}

func (s *sharedContainer) removeUnused() error {
	if s.container == nil || s.keepAlive || len(s.inUse) > 0 {
		return nil
	}
	b := s.container
	s.container = nil
	return b.remove()
}
