package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Follow makes the server at addr a replica, now and after a restart. master is the
// address of its master as the server at addr sees it. The server must have a
// configuration file.
func Follow(addr, master string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	return ask(addr, func(c *redis.Client) error {
		return errors.Join(c.ReplicaOf(ctx, host, port).Err(), c.ConfigRewrite(ctx).Err())
	})
}

// linked returns an error until the replica has its master's data and has read from the
// replication stream. The stream may start later than the link is up, and until then new
// writes do not reach the replica.
func linked(ctx context.Context, replica *redis.Client) error {
	info, err := replica.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	facts := lines(info)
	if facts["master_link_status"] != "up" || facts["slave_repl_offset"] == "0" {
		return fmt.Errorf("replication has not started:\n%s", info)
	}
	return nil
}

// Acknowledged waits until n replicas have acknowledged everything that the master had
// written at the call. It returns an error if the context's deadline passes first.
func Acknowledged(ctx context.Context, master *redis.Client, n int) error {
	info, err := master.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	facts := lines(info)
	var written int64
	if _, err := fmt.Sscan(facts["master_repl_offset"], &written); err != nil {
		return err
	}
	return until(ctx, func() error {
		info, err := master.Info(ctx, "replication").Result()
		if err != nil {
			return err
		}
		good := 0
		for name, about := range lines(info) {
			var read int64
			_, offset, ok := strings.Cut(about, ",state=online,offset=")
			if _, err := fmt.Sscanf(offset, "%d,", &read); strings.HasPrefix(name, "slave") && ok && err == nil &&
				read > 0 && read >= written {
				good++
			}
		}
		if good < n {
			return fmt.Errorf("%d of %d replicas have the first %d bytes:\n%s", good, n, written, info)
		}
		return nil
	})
}

// lines parses the "name:value" lines of INFO.
func lines(info string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(info, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			m[name] = value
		}
	}
	return m
}
