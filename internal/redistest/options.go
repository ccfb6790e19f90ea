package redistest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// ServerOption configures a dedicated server.
type ServerOption func(*serverConfig)

type serverConfig struct {
	lines     []string // of redis.conf, in order
	tls       bool
	replicaOf *Server
	args      []string // arguments after the configuration file, for a sentinel
	program   Program  // the zero Program means the one on PATH
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

// Config adds a line to the server's configuration file, as in Config("maxmemory", "1mb")
// or Config("user", "reader on >secret ~* +@read"). The value is written unchanged, so it
// must contain the quotes that the file's grammar requires.
func Config(key, value string) ServerOption {
	return func(c *serverConfig) { c.add("%s %s", key, value) }
}

// AOF enables the append-only file with the given appendfsync: "everysec", "always" or
// "no". Without this option a server is empty after a restart.
func AOF(fsync string) ServerOption {
	return func(c *serverConfig) {
		c.add("appendonly yes")
		c.add("appendfsync %s", fsync)
	}
}

// TLS makes the server also listen with TLS, at [Server.TLSAddr].
func TLS() ServerOption {
	return func(c *serverConfig) { c.tls = true }
}

// ReplicaOf makes the server a replica of master. It has a copy of the data when
// [StartServer] returns.
func ReplicaOf(master *Server) ServerOption {
	return func(c *serverConfig) { c.replicaOf = master }
}

func clusterNode() ServerOption {
	return func(c *serverConfig) { c.lines = append(c.lines, clusterLines(2*time.Second)...) }
}

// NodeConfig returns the configuration lines of a cluster node that another package
// starts. A node that is silent for longer than silence counts as failed.
func NodeConfig(silence time.Duration) []string {
	return append(clusterLines(silence), fastReplication...)
}

func clusterLines(silence time.Duration) []string {
	return []string{
		"cluster-enabled yes",
		"cluster-config-file nodes.conf",
		fmt.Sprintf("cluster-node-timeout %d", silence.Milliseconds()),
	}
}

// ReplicationConfig returns the configuration lines with which replication starts
// quickly, for a server that another package starts.
func ReplicationConfig() []string { return slices.Clone(fastReplication) }

// fastReplication makes replication start quickly.
var fastReplication = []string{
	// The first copy starts at once, not after 5 seconds.
	"repl-diskless-sync-delay 0",
	// A cluster does not list a replica that has read nothing. From an idle master it
	// first reads a ping, by default after 10 seconds.
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
	return append(append(lines, fastReplication...), c.lines...)
}
