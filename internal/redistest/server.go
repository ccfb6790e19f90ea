package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Server is a server process. A test may kill, freeze and restart a dedicated one. Its
// methods may be called from any goroutine, but not concurrently.
type Server struct {
	Addr   string // "127.0.0.1:port"
	Port   int
	Socket string // path of its Unix socket
	Dir    string // holds configuration, log and append-only file

	TLSAddr string // set with the option TLS

	config serverConfig
	cert   Certificate
	t      testing.TB // nil for a shared server
	mu     sync.Mutex
	proc   *process
}

// StartServer starts a dedicated server and returns when it replies. The server ends with
// the test. Unless options change it, the server saves nothing, its default user has no
// password, and DEBUG is enabled. If no server is on PATH, the test is skipped as in
// [Backend.Start].
func StartServer(t testing.TB, opts ...ServerOption) *Server {
	t.Helper()
	needServer(t, "redis", opts...)
	s, err := startServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.endWith(t)
	return s
}

func needServer(t testing.TB, requirement string, opts ...ServerOption) {
	t.Helper()
	config := newConfig(opts)
	config.program.Need(t)
	if config.binary() == "" {
		Missing(t, "redis-server not found on PATH", requirement)
	}
}

func newConfig(opts []ServerOption) (config serverConfig) {
	for _, opt := range opts {
		opt(&config)
	}
	return config
}

// endWith ties the server to the test.
func (s *Server) endWith(t testing.TB) {
	s.t = t
	t.Cleanup(s.end)
}

// startServer starts a server that does not belong to a test. The caller ends it. If
// another program has taken the port, it tries again with another port.
func startServer(opts []ServerOption) (*Server, error) {
	config := newConfig(opts)
	dir, err := tempDir()
	if err != nil {
		return nil, err
	}
	for range 5 {
		s := &Server{Dir: dir, Socket: filepath.Join(dir, "redis.sock"), config: config}
		if err = s.start(); err == nil {
			if err = s.awaitReplication(); err == nil {
				return s, nil
			}
			s.proc.kill()
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

func (s *Server) start() (err error) {
	if s.Port, err = FreePort(); err != nil {
		return err
	}
	s.Addr = loopback(s.Port)
	lines := s.config.configuration(s)
	if s.config.tls {
		more, err := s.setUpTLS()
		if err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	if err := os.WriteFile(s.configPath(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return s.run()
}

// awaitReplication waits until the server, if it is a replica, has its master's data.
func (s *Server) awaitReplication() error {
	if s.config.replicaOf == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return withClient(s.Addr, func(c *redis.Client) error {
		return until(ctx, func() error { return checkReplicating(ctx, c) })
	})
}

func (s *Server) configPath() string { return filepath.Join(s.Dir, "redis.conf") }

func (s *Server) logPath() string { return filepath.Join(s.Dir, "log") }

var errPortTaken = errors.New("port taken")

// run starts the process and waits until it replies.
func (s *Server) run() error {
	out, err := os.Create(s.logPath())
	if err != nil {
		return err
	}
	defer out.Close() // the process has its own descriptor
	cmd := exec.Command(s.config.binary(), append([]string{s.configPath()}, s.config.args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	proc, err := spawn(cmd)
	if err != nil {
		return err
	}
	s.proc = proc
	if poll(20*time.Second, func() bool { return proc.ended() || acceptsCommands(s.Addr) }) && !proc.ended() {
		return nil
	}
	proc.kill()
	log, _ := os.ReadFile(s.logPath()) // best effort, for the error text
	if strings.Contains(string(log), "Address already in use") {
		err = errPortTaken
	} else {
		err = errors.New("no reply")
	}
	return fmt.Errorf("redis-server at %s did not start: %w; its log:\n%s", s.Addr, err, log)
}

// acceptsCommands reports whether the server at addr accepts commands. It does not while
// it is loading.
func acceptsCommands(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH") ||
		strings.HasPrefix(line, "-NOPERM") || strings.HasPrefix(line, "-MASTERDOWN"))
}

// Client returns a client of the server, which is closed when the test ends. It has the
// defaults of go-redis, except that it sends no optional command when a connection opens.
func (s *Server) Client(t testing.TB, opts ...func(*redis.Options)) *redis.Client {
	t.Helper()
	return clientOf(t, s.Addr, opts...)
}

func clientOf(t testing.TB, addr string, opts ...func(*redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{
		Addr:                     addr,
		Protocol:                 Protocol(t),
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	for _, opt := range opts {
		opt(o)
	}
	return closeAtEnd(t, redis.NewClient(o))
}

// inspectionClient returns a client for inspecting a server, with short timeouts and
// without retries. The caller closes it.
func inspectionClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     addr,
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              time.Second,
		ReadTimeout:              time.Second,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
