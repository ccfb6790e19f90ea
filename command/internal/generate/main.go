// Command generate writes the built-in table of package command from the replies of a
// Redis 7.0 server.
//
//	go run ./internal/generate -o builtin.txt [-addr host:port]
//
// Without an address it starts the redis-server on PATH. If there is none, or if the
// server has another version, it leaves the file unchanged.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/command"
)

// baseline is the prefix of the version of the table.
const baseline = "7.0."

func main() {
	out := flag.String("o", "", "file to write")
	addr := flag.String("addr", "", "address of the server; by default redis-server from PATH is started")
	flag.Parse()
	if err := run(*out, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(out, addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	network := "tcp"
	if addr == "" {
		path, err := exec.LookPath("redis-server")
		if err != nil {
			fmt.Fprintf(os.Stderr, "generate: no redis-server on PATH, %s is unchanged\n", out)
			return nil
		}
		socket, stop, err := start(ctx, path)
		if err != nil {
			return err
		}
		defer stop()
		network, addr = "unix", socket
	}
	rdb := redis.NewClient(&redis.Options{Network: network, Addr: addr, DisableIdentity: true})
	defer rdb.Close()
	spec, err := load(ctx, rdb)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(spec.Version, baseline) {
		fmt.Fprintf(os.Stderr, "generate: the server is Redis %s and not %sx, %s is unchanged\n", spec.Version, baseline, out)
		return nil
	}
	text, err := spec.MarshalText()
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

// load loads the table, and retries until the server is up.
func load(ctx context.Context, rdb *redis.Client) (*command.Spec, error) {
	for {
		spec, err := command.Load(ctx, rdb)
		if err == nil || ctx.Err() != nil {
			return spec, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// start starts a server on its own Unix socket.
func start(ctx context.Context, path string) (socket string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "desir-generate-")
	if err != nil {
		return "", nil, err
	}
	socket = filepath.Join(dir, "redis.sock")
	cmd := exec.CommandContext(ctx, path, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return socket, func() {
		_ = cmd.Process.Kill() // it holds no data
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}, nil
}
