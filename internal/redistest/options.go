package redistest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// ServerOption sets up a server of a test's own.
type ServerOption func(*serverConfig)

type serverConfig struct {
	lines     []string // of redis.conf, in order
	tls       bool
	replicaOf *Server
	args      []string // after the file name, for a sentinel
	program   Program  // the zero Program: the one on PATH
}

// binary returns the path of the server to start.
func (c *serverConfig) binary() string {
	if c.program.Path != "" {
		return c.program.Path
	}
	return ServerBinary()
}

func (c *serverConfig) add(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

// Config adds a line to the server's configuration file: Config("maxmemory",
// "1mb"), Config("user", "reader on >secret ~* +@read"). The value is written as
// it is; where the file's grammar needs quotes they belong into it.
func Config(key, value string) ServerOption {
	return func(c *serverConfig) { c.add("%s %s", key, value) }
}

// AOF turns the append-only file on, with "everysec", "always" or "no" as its
// appendfsync. Without this option nothing is kept over a restart.
func AOF(fsync string) ServerOption {
	return func(c *serverConfig) {
		c.add("appendonly yes")
		c.add("appendfsync %s", fsync)
	}
}

// TLS makes the server listen with TLS as well, at [Server.TLSAddr].
func TLS() ServerOption {
	return func(c *serverConfig) { c.tls = true }
}

// ReplicaOf makes the server a replica of another one. It has a copy of the data
// when [StartServer] returns.
func ReplicaOf(master *Server) ServerOption {
	return func(c *serverConfig) { c.replicaOf = master }
}

func clusterNode() ServerOption {
	return func(c *serverConfig) { c.lines = append(c.lines, clusterLines(2*time.Second)...) }
}

// NodeConfig returns the lines of configuration that make a server, started
// elsewhere, part of a cluster. A node that is silent for so long has failed.
func NodeConfig(silence time.Duration) []string { return append(clusterLines(silence), prompt...) }

func clusterLines(silence time.Duration) []string {
	return []string{
		"cluster-enabled yes",
		"cluster-config-file nodes.conf",
		fmt.Sprintf("cluster-node-timeout %d", silence.Milliseconds()),
	}
}

// ReplicationConfig returns the lines that let replicas of a server, started
// elsewhere, begin soon.
func ReplicationConfig() []string { return slices.Clone(prompt) }

// prompt lets replicas begin soon.
var prompt = []string{
	// A replica gets its first copy at once, not after 5 seconds.
	"repl-diskless-sync-delay 0",
	// A cluster lists no replica that has read nothing yet, and the first
	// thing on an idle master's stream is its ping: by default after 10 seconds.
	"repl-ping-replica-period 1",
}

// configuration returns the text of redis.conf.
func (c *serverConfig) configuration(s *Server) []string {
	lines := []string{
		"bind 127.0.0.1",
		"protected-mode no",
		"port " + strconv.Itoa(s.Port),
		"unixsocket " + s.Socket,
		"dir " + s.Dir,
		`save ""`,
		"appendonly no",
		"enable-debug-command yes",
	}
	if c.replicaOf != nil {
		lines = append(lines, fmt.Sprintf("replicaof 127.0.0.1 %d", c.replicaOf.Port))
	}
	return append(append(lines, prompt...), c.lines...)
}
