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
	docker := needEngine(t, "no server: set REDIS_URL, install redis-server, or start Docker", "docker", "redis")
	e := &Env{t: t, kind: "server"}
	if alone {
		b := ownBox(t, docker, recipe{})
		e.base.Addrs = []string{b.addr}
		e.servers = boxServers(t, b)
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

// ownBox starts a container for one test.
func ownBox(t testing.TB, docker *testcontainers.DockerClient, r recipe) *box {
	t.Helper()
	b, err := startBox(docker, r)
	unmade(t, err)
	t.Cleanup(func() {
		if err := b.end(); err != nil {
			t.Errorf("integration: remove the container: %v", err)
		}
	})
	return b
}

// needEngine returns a client of the container engine. When the test panics
// every container of this process goes, also those that tests share.
func needEngine(t testing.TB, otherwise string, words ...string) *testcontainers.DockerClient {
	t.Helper()
	docker, err := engine()
	if err != nil {
		missing(t, fmt.Sprintf("%s (%v)", otherwise, err), words...)
	}
	sweepOnce(docker)
	t.Cleanup(func() {
		if panicking() {
			sweep(docker, func(of string) bool { return of == owner() })
		}
	})
	return docker
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
		b, err := startBox(docker, recipe{args: flags(fmt.Sprint("databases ", perContainer))})
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
func (s *sharedBox) keep(yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = yes
	return s.endUnused()
}

func (s *sharedBox) endUnused() error {
	if s.box == nil || s.kept || len(s.taken) > 0 {
		return nil
	}
	b := s.box
	s.box = nil
	return b.end()
}
